"""RawModel -> Graph: every unsupported construct is collected and reported at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tinyengine_tf.errors import InvalidIR, ModelError, UnsupportedError
from tinyengine_tf.ir import Graph, Op, Tensor
from tinyengine_tf.ops.base import REGISTRY, Constraint, Reject
from tinyengine_tf.ops.recurrent import RecurrentOp
from tinyengine_tf.ops.variables import OPCODES as VARIABLE_OPCODES
from tinyengine_tf.ops.variables import Variables
from tinyengine_tf.tflite import RawModel, RawOp, RawTensor

MAX_TEXT = 160


def import_graph(model: RawModel) -> Graph:
    """Build the typed graph of a model's first subgraph; others may only initialise variables.

    Raises ModelError when the operators do not form a graph, UnsupportedError listing every
    operator that is unknown or breaks one of its rules.
    """
    problems: list[str] = []
    tensors = [import_tensor(t) for t in model.tensors]
    check_order(model)
    variables = Variables(model, tensors)
    ops: list[Op] = []
    for raw in model.ops:
        ops.extend(import_op(raw, tensors, variables, problems))
    if uncalled := set(range(1, len(model.others) + 1)) - variables.called:
        problems.append(f"subgraph {min(uncalled)} is accepted only if a CALL_ONCE names it (no IF or WHILE)")
    states = (*variables.states(), *(s for op in ops if isinstance(op, RecurrentOp) for s in op.states))
    if not problems:
        check_variable_tensors(model, tensors, [s.before for s in states], problems)
    if problems:
        raise UnsupportedError(problems, where=model.name, hint=_hint(model))
    graph = Graph(
        name=model.name,
        inputs=tuple(tensors[i] for i in model.inputs),
        outputs=tuple(tensors[i] for i in model.outputs),
        ops=tuple(ops),
        meta={"sha256": model.sha256, "size_bytes": model.size_bytes, "description": model.description},
        states=states,
    ).rewrite(ops, variables.constants())
    graph.verify()
    return graph


def _hint(model: RawModel) -> str:
    hint = "`tinyengine_tf ops` lists what each operator accepts"
    if any(t.is_dynamic for t in model.tensors):
        hint += (
            ". The file was exported with an open batch size, so shapes in it may be placeholders: "
            "export with a fixed one, as in keras.Input(shape, batch_size=1)"
        )
    return hint


def import_tensor(raw: RawTensor) -> Tensor:
    if raw.dtype is None:
        # Only a fault if an operator touches it; import_op sees the missing type.
        return Tensor(raw.name, raw.shape, None, source=raw.index)  # type: ignore[arg-type]
    return Tensor(raw.name, raw.shape, raw.dtype, raw.quant, raw.data is not None, raw.data, raw.index)


def check_order(model: RawModel) -> None:
    """Single assignment, every tensor computed before it is read, and no constant fed from outside."""
    for i in model.inputs:
        if model.tensors[i].data is not None:
            raise ModelError(f"input tensor {i} is a constant", where=model.name)
    ready = set(model.inputs) | {t.index for t in model.tensors if t.data is not None}
    for raw in model.ops:
        where = f"{model.name}: operator {raw.index} {raw.opcode}"
        for i in raw.inputs:
            if i >= 0 and i not in ready and not model.tensors[i].is_variable:
                raise ModelError(f"reads tensor {i} before any operator has computed it", where=where)
        for i in raw.outputs:
            if i in ready:
                raise ModelError(f"writes tensor {i}, which is a constant, an input or already computed", where=where)
            ready.add(i)
    for i in model.outputs:
        if i not in ready:
            raise ModelError(f"output tensor {i} is never computed", where=model.name)


def check_variable_tensors(
    model: RawModel, tensors: Sequence[Tensor], kept: Sequence[Tensor], problems: list[str]
) -> None:
    """A variable tensor keeps its state for one operator that replaces it; nobody else reads it."""
    for raw, tensor in zip(model.tensors, tensors, strict=True):
        readers = sum(op.inputs.count(raw.index) for op in model.ops) + model.outputs.count(raw.index)
        if raw.is_variable and readers and (tensor not in kept or readers > 1):
            problems.append(
                f"tensor {raw.index} {raw.name!r} is a variable tensor: accepted only if one operator reads it, "
                "as its own state (UNIDIRECTIONAL_SEQUENCE_LSTM, SVDF)"
            )


def import_op(raw: RawOp, tensors: Sequence[Tensor], variables: Variables, problems: list[str]) -> tuple[Op, ...]:
    """The operators that carry out `raw`; none, and a line in `problems`, when it is not supported."""
    inputs = tuple(tensors[i] if i >= 0 else None for i in raw.inputs)
    outputs = tuple(tensors[i] for i in raw.outputs)
    name = outputs[0].name if outputs else ""
    where = f"operator {raw.index} {raw.opcode} {_short(name)!r}"
    entry = REGISTRY.get(raw.opcode)
    if entry is None:
        problems.append(f"{where}: no such operator here")
        return ()
    if raw.opcode in VARIABLE_OPCODES:
        return _placed(raw, where, lambda: variables.follow(raw), problems)
    touched = [t for t in (*inputs, *outputs) if t is not None]
    untyped = [t.name for t in touched if t.dtype is None]
    if untyped:
        problems.append(f"{where}: tensor {untyped[0]!r} has an element type that is not supported")
        return ()
    if not outputs or any(t.elements == 0 and not _is_list(t) for t in touched):
        problems.append(f"{where}: accepted only if it has outputs, and no tensor but a constant list is empty")
        return ()

    def parse() -> tuple[Op, ...]:
        ops = entry.parse(raw, inputs, outputs)
        for op in ops:
            if isinstance(op, entry.cls):
                _check_rules(op, entry.constraints)
            op.check()
        return ops

    return _placed(raw, where, parse, problems)


def _placed(raw: RawOp, where: str, parse: Callable[[], tuple[Op, ...]], problems: list[str]) -> tuple[Op, ...]:
    """What `parse` makes of `raw`, marked with its place in the file; none, and a line in `problems`, if it fails."""
    try:
        ops = parse()
    except Reject as broken:
        problems.append(_sentence(where, broken.rule, broken.found))
        return ()
    except _MALFORMED as error:
        problems.append(f"{where}: its inputs, outputs or options are not of the operator's form ({error})")
        return ()
    return tuple(replace(op, source=(raw.index,)) for op in ops)


# What a parser or rule stumbles over when an operator has too few inputs, the wrong ranks or odd options.
_MALFORMED = (IndexError, KeyError, AttributeError, AssertionError, ValueError, TypeError, ArithmeticError, InvalidIR)


def _is_list(tensor: Tensor) -> bool:
    """A constant such as a shape or a list of axes, which may have no elements."""
    return tensor.const and len(tensor.shape) == 1


def _check_rules(op: Op, constraints: Sequence[Constraint]) -> None:
    for constraint in constraints:
        if not constraint.holds(op):
            raise Reject(constraint.rule, constraint.found(op))


def _sentence(where: str, rule: str, found: object) -> str:
    return f"{where}: accepted only if {rule}" + (f" (found {_short(str(found))})" if str(found) else "")


def _short(text: str) -> str:
    """Exporters join the names of everything that they fused, and an operator may have a hundred outputs."""
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}..."
