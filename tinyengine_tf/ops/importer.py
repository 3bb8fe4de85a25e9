"""RawModel -> Graph: every unsupported construct is collected and reported at once.

Operators are taken in the file's order. What they compute from constants is computed here, before the rules of those
that read it are asked: weights behind a TRANSPOSE are weights. Dimensions that the exporter left open are 1, and what
follows from them is followed (`open_dimensions`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from tinyengine_tf.errors import InternalError, ModelError, TinyEngineError, UnsupportedError
from tinyengine_tf.ir import DType, Graph, Op, Tensor
from tinyengine_tf.ops.absent import ABSENT
from tinyengine_tf.ops.base import REGISTRY, Constraint, Entry, Reject, Rule, entry_of
from tinyengine_tf.ops.diagnosis import UNKNOWN, verdict
from tinyengine_tf.ops.open_dimensions import with_known_shape
from tinyengine_tf.ops.problems import Problem, accepted_only_if, causes_first, operator_problem, shortened, summary
from tinyengine_tf.ops.variables import OPCODES as VARIABLE_OPCODES
from tinyengine_tf.ops.variables import Variables
from tinyengine_tf.tflite import RawModel, RawOp, RawTensor

EMPTY_ALLOWED = "it has outputs, and no tensor but a constant list or a part of a split is empty"

ALL_COMPUTED = Rule("it has no outputs beyond those that it computes")
FROM_LISTS = ("FILL", "REDUCE_PROD")
"""Operators whose first input may be an empty list: the shape of a scalar, a product of nothing."""


def import_graph(model: RawModel) -> Graph:
    """Build the typed graph of a model's first subgraph; others are read where CALL_ONCE names them.

    Raises ModelError when the operators do not form a graph, UnsupportedError listing every
    operator that is unknown or breaks one of its rules.
    """
    check_order(model)
    work = Import(model)
    for raw in model.ops:
        work.take(raw)
    work.check_edges()
    states = (*work.variables.states(), *(s for op in work.ops for s in op.states))
    if not work.problems:
        work.check_variable_tensors([s.before for s in states])
    if work.problems:
        raise refusal(model, work.problems)
    graph = Graph(
        name=model.name,
        inputs=tuple(work.tensors[i] for i in model.inputs),
        outputs=tuple(work.tensors[i] for i in model.outputs),
        ops=tuple(work.ops),
        meta={"sha256": model.sha256, "size_bytes": model.size_bytes, "description": model.description},
        states=states,
    ).rewrite(work.ops, work.variables.constants())
    graph.verify()
    return graph


def refusal(model: RawModel, problems: Sequence[Problem]) -> UnsupportedError:
    ordered = causes_first(problems)
    return UnsupportedError(
        [str(p) for p in ordered],
        verdict=verdict(model, ordered),
        summary=summary(ordered, len(model.ops)),
        where=model.name,
        hint="`tinyengine_tf ops` lists what each operator accepts",
    )


def import_tensor(raw: RawTensor) -> Tensor:
    if raw.dtype is None:
        # Only a fault if an operator touches it; Import.take sees the missing type.
        return Tensor(raw.name, raw.shape, None, source=raw.index)  # type: ignore[arg-type]
    return Tensor(raw.name, raw.shape, raw.dtype, raw.quant, raw.data is not None, raw.data, raw.index)


def check_order(model: RawModel) -> None:
    """Single assignment, every tensor computed before it is read, and no constant fed from outside."""
    for i in model.inputs:
        if model.tensors[i].has_content:
            raise ModelError(f"input tensor {i} is a constant", where=model.name)
    # A tensor without elements needs no content: it may be a constant as well as an output.
    given = {t.index for t in model.tensors if t.has_content and 0 not in t.shape}
    ready = given | set(model.inputs) | {t.index for t in model.tensors if 0 in t.shape}
    written: set[int] = given | set(model.inputs)
    for raw in model.ops:
        where = f"{model.name}: operator {raw.index} {raw.opcode}"
        for i in raw.inputs:
            if i >= 0 and i not in ready and not model.tensors[i].is_variable:
                raise ModelError(f"reads tensor {i} before any operator has computed it", where=where)
        for i in raw.outputs:
            if i in written:
                raise ModelError(f"writes tensor {i}, which is a constant, an input or already computed", where=where)
            ready.add(i)
            written.add(i)
    for i in model.outputs:
        if i not in ready:
            raise ModelError(f"output tensor {i} is never computed", where=model.name)


class Import:
    """One import under way: `tensors` by index, as they are known so far, the operators, and what is refused."""

    def __init__(self, model: RawModel):
        self.model = model
        self.tensors = [import_tensor(t) for t in model.tensors]
        self.variables = Variables(model, self.tensors)
        self.ops: list[Op] = []
        self.problems: list[Problem] = []
        self._doubtful: set[int] = set()  # tensors whose shape an operator that was refused would have told

    def take(self, raw: RawOp) -> None:
        """Append the operators that carry out `raw`, or a problem."""
        for i in raw.outputs:
            self._follow_open_shape(raw, i)
        inputs = tuple(self.tensors[i] if i >= 0 else None for i in raw.inputs)
        outputs = tuple(self.tensors[i] for i in raw.outputs)
        problem = self._obstacle(raw, inputs, outputs)
        if problem is None and not any(t.elements for t in outputs) and outputs:
            self._hold({t: np.empty(t.shape, t.dtype.numpy) for t in outputs})
            return
        if problem is None:
            try:
                self._carry_out(raw, inputs, outputs)
            except Reject as broken:
                problem = (accepted_only_if(broken.rule.rule), broken.found and f"found {broken.found}")
        if problem is not None:
            self._refuse(raw, outputs, *problem)
        if raw.opcode not in REGISTRY or not self._doubtful.isdisjoint(raw.inputs):
            self._doubtful |= {i for i in raw.outputs if self.model.tensors[i].is_dynamic or self._tells_shapes(i)}

    def _obstacle(
        self, raw: RawOp, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]
    ) -> tuple[str, object] | None:
        """(rule, found) where an operator cannot even be parsed."""
        entry = entry_of(raw.opcode, outputs)
        if entry is None:
            return UNKNOWN, ABSENT.get(raw.opcode, "")
        present = next((n for n, t in enumerate(inputs) if t is None), len(inputs))
        if present < entry.needs:
            return accepted_only_if(f"it has its first {entry.needs} inputs"), f"found {present}"
        if raw.opcode in VARIABLE_OPCODES:
            return None
        untyped = [i for i in (*raw.inputs, *raw.outputs) if i >= 0 and self.tensors[i].dtype is None]
        if untyped:
            found = self.model.tensors[untyped[0]]
            return "tensors have a supported element type", f"found {found.dtype_name}, {found.name!r}"
        if not outputs or any(t is not None and not _is_filled(raw, n, t) for n, t in enumerate(inputs)):
            return accepted_only_if(EMPTY_ALLOWED), ""
        return None

    def _carry_out(self, raw: RawOp, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> None:
        """Append the operators that carry out `raw`. Raises Reject where it breaks a rule; all else is our fault."""
        entry = entry_of(raw.opcode, outputs)
        assert entry is not None
        try:
            ops = self.variables.follow(raw) if raw.opcode in VARIABLE_OPCODES else _parsed(entry, raw, inputs, outputs)
            computed = {t for op in ops for t in op.outputs}
            if any(t not in computed and t.elements and t.dtype is not None for t in outputs):
                raise Reject(ALL_COMPUTED, len(outputs))
            self._append(replace(op, source=(raw.index,)) for op in ops)
        except Reject:
            raise
        except ModelError as error:
            raise ModelError(error.message, where=f"{self.model.name}: {error.where}", hint=error.hint) from error
        except Exception as error:
            where = f"{self.model.name}: operator {raw.index} {raw.opcode}"
            found = str(error) if isinstance(error, TinyEngineError) else f"{type(error).__name__}: {error}"
            raise InternalError(f"its parser failed on {list(map(str, inputs))}: {found}", where=where) from error

    def _append(self, ops: Iterable[Op]) -> None:
        """What is known already becomes constants; the rest is computed by the network."""
        known: dict[Tensor, Tensor] = {}
        for op in ops:
            op = op.remap(known)
            values = op.evaluate()
            if values is None:
                self.ops.append(op)
                continue
            known |= self._hold(dict(zip(op.outputs, values, strict=True)))

    def _hold(self, values: dict[Tensor, np.ndarray]) -> dict[Tensor, Tensor]:
        """Tensors as constants, in place of those of the same name in the file."""
        constants = {}
        for tensor, value in values.items():
            data = np.ascontiguousarray(value, tensor.dtype.numpy).reshape(tensor.shape)
            constants[tensor] = replace(tensor, const=True, data=data)
            if tensor.source is not None and self.tensors[tensor.source] is tensor:
                self.tensors[tensor.source] = constants[tensor]
        return constants

    def _follow_open_shape(self, raw: RawOp, i: int) -> None:
        if self.model.tensors[i].is_dynamic and self.tensors[i].dtype is not None and len(raw.outputs) == 1:
            inputs = [self.tensors[k] if k >= 0 else None for k in raw.inputs]
            if not any(t is not None and t.dtype is None for t in inputs):
                self.tensors[i] = with_known_shape(raw, inputs, self.tensors[i])

    def _refuse(self, raw: RawOp, outputs: Sequence[Tensor], rule: str, found: object) -> None:
        problem = operator_problem(raw.opcode, raw.index, outputs[0].name if outputs else "", rule, found)
        after = rule is not UNKNOWN and not self._doubtful.isdisjoint(raw.inputs)
        self.problems.append(replace(problem, consequence=after))

    def _tells_shapes(self, i: int) -> bool:
        """A small integer tensor, such as a computed shape."""
        return self.model.tensors[i].dtype_name in ("INT32", "INT64") and len(self.model.tensors[i].shape) <= 1

    def check_edges(self) -> None:
        """Inputs and outputs have elements, of a type that C has."""
        for what, indices in (("input", self.model.inputs), ("output", self.model.outputs)):
            for number, i in enumerate(indices):
                tensor, raw = self.tensors[i], self.model.tensors[i]
                place = f"{what} {number} {shortened(raw.name)!r}"
                if tensor.dtype is None:
                    rule = f"{what}s have a supported element type"
                    self.problems.append(Problem("", -1, place, rule, f"found {raw.dtype_name}"))
                elif tensor.dtype is DType.INT4:
                    self.problems.append(Problem("", -1, place, "only constants are of four bits", "found INT4"))
                elif tensor.elements == 0:
                    self.problems.append(
                        Problem("", -1, place, f"{what}s have elements", f"found {list(tensor.shape)}")
                    )

    def check_variable_tensors(self, kept: Sequence[Tensor]) -> None:
        """A variable tensor keeps its state for one operator that replaces it; nobody else reads it."""
        model = self.model
        for raw, tensor in zip(model.tensors, self.tensors, strict=True):
            readers = sum(op.inputs.count(raw.index) for op in model.ops) + model.outputs.count(raw.index)
            if raw.is_variable and readers and (tensor not in kept or readers > 1):
                rule = (
                    "is a variable tensor: accepted only if one operator reads it, as its own state "
                    "(UNIDIRECTIONAL_SEQUENCE_LSTM, SVDF)"
                )
                self.problems.append(Problem("", -1, f"tensor {raw.index} {shortened(raw.name)!r}", rule))


def _parsed(entry: Entry, raw: RawOp, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
    ops = entry.parse(raw, inputs, outputs)
    for op in ops:
        if isinstance(op, entry.cls):
            _check_rules(op, entry.constraints)
        op.check()
    return ops


def _is_filled(raw: RawOp, position: int, tensor: Tensor) -> bool:
    """The tensor has elements, or is one that needs none: a constant list of axes or sizes, a part of a split."""
    if tensor.elements:
        return True
    is_list = len(tensor.shape) == 1 and tensor.dtype in (DType.INT32, DType.INT64)
    return tensor.const and (raw.opcode == "CONCATENATION" or (is_list and (position > 0 or raw.opcode in FROM_LISTS)))


def _check_rules(op: Op, constraints: Sequence[Constraint]) -> None:
    for constraint in constraints:
        if not constraint.holds(op):
            raise Reject(constraint, constraint.found(op))
