"""Resource variables, what a network remembers between inferences, become values: their operators leave the graph.

    handle = VAR_HANDLE "ring"
    a = READ_VARIABLE(handle)            a is State.before, or what was assigned earlier in the same inference
    b = CONCATENATION(a, x) ...
    ASSIGN_VARIABLE(handle, b)           b is State.after, unless another assignment follows

TFLM copies a variable when it is read and when it is assigned. Tensors here are assigned once, so only one copy is
left: State.after to State.before at the end of an inference (codegen).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import Op, State, Tensor
from tinyengine_tf.ops.base import RawOpLike, Reject, Rule, operator
from tinyengine_tf.ops.reshape import Reshape
from tinyengine_tf.tflite import RawGraph, RawModel, RawOp

Key = tuple[str, str]
"""A variable's container and name."""


HANDLE = Rule("its first input is the output of a VAR_HANDLE")
ELEMENTS = Rule("variables have elements of a supported type")
ONE_TYPE = Rule("a variable keeps one element type and number of elements")
FIRST = Rule("it stands before the variables' first use")
SUBGRAPH = Rule("it calls another subgraph of the file")
CONSTANTS = Rule("the subgraph that it calls assigns constants to variables")
INITIAL = Rule("a variable is initialised with its own element type and number of elements")
ASSIGNED = Rule("a variable is assigned somewhere")


@operator(
    "VAR_HANDLE",
    "READ_VARIABLE",
    "ASSIGN_VARIABLE",
    "CALL_ONCE",
    needs={"VAR_HANDLE": 0, "ASSIGN_VARIABLE": 2, "CALL_ONCE": 0},
    summaries={
        "VAR_HANDLE": "Names a variable that is kept between inferences, of one shape and type.",
        "READ_VARIABLE": "A variable's value: what the inference before left, or what was assigned in this one.",
        "ASSIGN_VARIABLE": "What a variable holds from here on.",
        "CALL_ONCE": "Sets variables to constants before the first inference.",
    },
    own_rules={
        "READ_VARIABLE": (HANDLE, ELEMENTS, ONE_TYPE, INITIAL, ASSIGNED),
        "ASSIGN_VARIABLE": (HANDLE, ONE_TYPE),
        "CALL_ONCE": (FIRST, SUBGRAPH, CONSTANTS),
    },
)
@dataclass(frozen=True, kw_only=True, eq=False)
class Variable(Op):
    """A variable kept between inferences, of one shape and type; CALL_ONCE may set it to a constant first."""

    CONSTRAINTS: ClassVar = ()

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        raise InvalidIR("variables are resolved before operators are parsed", where=raw.opcode)


OPCODES = frozenset(("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE"))


class Variables:
    """The variables of one model, followed through its operators in order.

    `called` holds the numbers of the subgraphs that CALL_ONCE names.
    """

    def __init__(self, model: RawModel, tensors: Sequence[Tensor]):
        self._model, self._tensors = model, tensors
        self._handles = handles_of(model.ops)
        self._before: dict[Key, Tensor] = {}
        self._initial: dict[Key, np.ndarray] = {}
        self._now: dict[Key, Tensor] = {}
        self._constants: dict[Key, np.ndarray] = {}
        self.called: set[int] = set()

    def follow(self, raw: RawOp) -> tuple[Op, ...]:
        """What carries out one of `OPCODES`: a reading renames a value, the others compute nothing.

        Raises Reject when the operator breaks a rule.
        """
        if raw.opcode == "CALL_ONCE":
            self._initialise(raw)
        elif raw.opcode == "READ_VARIABLE":
            return self._read(raw)
        elif raw.opcode == "ASSIGN_VARIABLE":
            self._assign(raw)
        return ()

    def states(self) -> tuple[State, ...]:
        """What is remembered: variables that are read before they are assigned."""
        found = ((key, before) for key, before in self._before.items() if self._now[key] is not before)
        return tuple(State(before, self._now[key], self._initial[key]) for key, before in found)

    def constants(self) -> dict[Tensor, Tensor]:
        """Variables that are only read, and what they hold."""
        found = ((key, before) for key, before in self._before.items() if self._now[key] is before)
        return {before: replace(before, const=True, data=self._initial[key]) for key, before in found}

    def _key(self, raw: RawOp) -> Key:
        if raw.inputs[0] not in self._handles:
            raise Reject(HANDLE)
        return self._handles[raw.inputs[0]]

    def _read(self, raw: RawOp) -> tuple[Op, ...]:
        key, out = self._key(raw), self._tensors[raw.outputs[0]]
        if out.dtype is None or out.elements == 0:
            raise Reject(ELEMENTS, out.name)
        if key not in self._now:
            self._initial[key] = self._initial_of(key, out)
            self._before[key] = self._now[key] = replace(out, name=f"{key[1]}/kept", source=None)
        self._check_same(self._now[key], out)
        return (Reshape(inputs=(self._now[key],), outputs=(out,)),)

    def _assign(self, raw: RawOp) -> None:
        key, value = self._key(raw), self._tensors[raw.inputs[1]]
        if key in self._now:
            self._check_same(self._now[key], value)
        self._now[key] = value

    @staticmethod
    def _check_same(known: Tensor, other: Tensor) -> None:
        if known.dtype is not other.dtype or known.elements != other.elements:
            raise Reject(ONE_TYPE, f"{known!r} and {other!r}")

    def _initialise(self, raw: RawOp) -> None:
        number = raw.options["init_subgraph_index"]
        assert isinstance(number, int)
        if self._now:
            raise Reject(FIRST)
        if not 1 <= number <= len(self._model.others):
            raise Reject(SUBGRAPH, number)
        self.called.add(number)
        graph = self._model.others[number - 1]
        handles = handles_of(graph.ops)
        for op in graph.ops:
            if op.opcode == "ASSIGN_VARIABLE" and op.inputs[0] in handles:
                data = graph.tensors[op.inputs[1]].data
                if data is not None:
                    self._constants[handles[op.inputs[0]]] = data
                    continue
            if op.opcode != "VAR_HANDLE":
                raise Reject(CONSTANTS, op.opcode)

    def _initial_of(self, key: Key, before: Tensor) -> np.ndarray:
        """The constant that CALL_ONCE assigns, else what TFLM fills memory with: the zero point of whatever is
        assigned first in the file, as a byte."""
        data = self._constants.get(key)
        if data is not None:
            if data.dtype != before.dtype.numpy or data.size != before.elements:
                raise Reject(INITIAL, key[1])
            return data.reshape(before.shape)
        zero = self._first_zero_point(key) & 0xFF
        return np.full(before.nbytes, zero, np.uint8).view(before.dtype.numpy).reshape(before.shape)

    def _first_zero_point(self, key: Key) -> int:
        graphs: tuple[RawModel | RawGraph, ...] = (self._model, *self._model.others)
        for graph in graphs:
            handles = handles_of(graph.ops)
            for op in graph.ops:
                if op.opcode == "ASSIGN_VARIABLE" and handles.get(op.inputs[0]) == key:
                    quant = graph.tensors[op.inputs[1]].quant
                    return quant.zero_points[0] if quant is not None else 0
        raise Reject(ASSIGNED, key[1])


def handles_of(ops: Sequence[RawOp]) -> dict[int, Key]:
    """{tensor index: variable} for the outputs of VAR_HANDLE."""
    return {
        op.outputs[0]: (str(op.options["container"]), str(op.options["shared_name"]))
        for op in ops
        if op.opcode == "VAR_HANDLE" and op.outputs
    }
