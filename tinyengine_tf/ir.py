"""The intermediate representation: a Graph of typed operators over tensors, all frozen.

A graph is a value. Passes never change one: they build a new one with `Graph.rewrite`.
Tensors and operators compare by identity, so they can be dictionary keys; two tensors of
equal content stay two tensors.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR

Values = tuple[Any, ...]
"""An array for each input or output of an operator, None for an input that is absent."""


class DType(enum.Enum):
    """Element type of a tensor: (name in .tflite, bits, C type, numpy type).

    INT4 is of constants only. Arrays hold one of its values, -8..7, per int8; memory and files hold two per byte.
    """

    INT4 = ("INT4", 4, "int8_t", "int8")
    INT8 = ("INT8", 8, "int8_t", "int8")
    UINT8 = ("UINT8", 8, "uint8_t", "uint8")
    INT16 = ("INT16", 16, "int16_t", "int16")
    INT32 = ("INT32", 32, "int32_t", "int32")
    INT64 = ("INT64", 64, "int64_t", "int64")
    FLOAT32 = ("FLOAT32", 32, "float", "float32")
    BOOL = ("BOOL", 8, "uint8_t", "bool")

    def __init__(self, tflite_name: str, bits: int, c: str, numpy_name: str):
        self.tflite_name, self.bits, self.c = tflite_name, bits, c
        self.numpy = np.dtype(numpy_name)

    @property
    def nbytes(self) -> int:
        """Bytes of one element, or of the smallest piece of memory that holds one."""
        return -(-self.bits // 8)


@dataclass(frozen=True)
class Quant:
    """Affine quantisation, real = scale * (q - zero_point).

    One scale and zero point for the whole tensor, or one per index of dimension `axis`.
    Scales are float32 values held exactly in Python floats.
    Source: TensorFlow Lite 8-bit quantization specification.
    """

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int = 0

    @property
    def per_channel(self) -> bool:
        return len(self.scales) > 1

    @property
    def scale(self) -> float:
        """The only scale of a per-tensor quantisation."""
        if len(self.scales) != 1:
            raise InvalidIR("a per-channel quantisation has no single scale")
        return self.scales[0]

    @property
    def zero_point(self) -> int:
        if len(self.zero_points) != 1:
            raise InvalidIR("a per-channel quantisation has no single zero point")
        return self.zero_points[0]


@dataclass(frozen=True, eq=False)
class Tensor:
    """A value that flows between operators, or a constant.

    shape     as in the file, usually NHWC; a scalar is ().
    const     True for constants. `data` may be None even then: a graph without weights, as the
              architecture search builds it, can be scheduled and planned but not generated.
    source    index of the tensor in the .tflite file, None for tensors a pass has made.
    channels  where a pass has removed channels: which of the file's channels are left, in order.
    """

    name: str
    shape: tuple[int, ...]
    dtype: DType
    quant: Quant | None = None
    const: bool = False
    data: np.ndarray | None = None
    source: int | None = None
    channels: tuple[int, ...] | None = None

    @cached_property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def depth(self) -> int:
        """Indices of the last dimension, the channels; 1 for a scalar."""
        return self.shape[-1] if self.shape else 1

    @cached_property
    def nbytes(self) -> int:
        """Elements of less than a byte lie side by side."""
        return -(-self.elements * self.dtype.bits // 8)

    @property
    def scale(self) -> float:
        return self._quant.scale

    @property
    def zero_point(self) -> int:
        return self._quant.zero_point

    @property
    def _quant(self) -> Quant:
        if self.quant is None:
            raise InvalidIR(f"tensor {self.name!r} has no quantisation")
        return self.quant

    @property
    def values(self) -> np.ndarray:
        """The constant's array, of `shape`."""
        if self.data is None:
            raise InvalidIR(f"tensor {self.name!r} has no constant data")
        return self.data

    def __repr__(self) -> str:
        dims = "x".join(map(str, self.shape)) or "scalar"
        return f"<{self.dtype.tflite_name.lower()} {dims} {self.name!r}>"


@dataclass(frozen=True, kw_only=True, eq=False)
class Op:
    """One operator. Subclasses (package `ops`) add typed attributes, constraints and checks.

    inputs   tensors in the operator's order; None where an optional input is absent.
    source   indices of the .tflite operators that this one carries out (several once fused).
    """

    KIND: ClassVar[str]
    ROLES: ClassVar[tuple[str, ...]] = ()
    """What the first inputs are to the operator, "data", "weights", "bias" or "state"; all others are data."""
    OUT_ROLES: ClassVar[tuple[str, ...]] = ()
    """The same for outputs, "out" or "state"; all others are "out"."""
    MOVES: ClassVar[bool] = False
    """Whether elements are moved as they are, and nothing computed."""

    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    source: tuple[int, ...] = ()

    @property
    def input(self) -> Tensor:
        """The first input: the data, for every operator with one data input."""
        assert self.inputs[0] is not None
        return self.inputs[0]

    @property
    def output(self) -> Tensor:
        return self.outputs[0]

    @property
    def name(self) -> str:
        return self.outputs[0].name

    @cached_property
    def data_inputs(self) -> tuple[Tensor, ...]:
        """Inputs that are computed at run time, i.e. live in the arena."""
        return tuple(t for t in self.inputs if t is not None and not t.const)

    @property
    def by_role(self) -> Iterator[tuple[str, Tensor]]:
        """Every tensor that the operator reads or writes, with its role."""
        for roles, other, tensors in ((self.ROLES, "data", self.inputs), (self.OUT_ROLES, "out", self.outputs)):
            for position, t in enumerate(tensors):
                if t is not None:
                    yield roles[position] if position < len(roles) else other, t

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference; 0 for operators that have none."""
        return 0

    @property
    def states(self) -> tuple[State, ...]:
        """What the operator remembers from one inference to the next; each `after` is one of its outputs."""
        return ()

    @property
    def view_offset(self) -> int | None:
        """Where the output lies in the input, in elements; None: it has memory of its own, as what is computed."""
        return None

    @property
    def copies_input(self) -> bool:
        """Whether the output's elements are the input's, in order."""
        return False

    def channelwise(self) -> tuple[Tensor, ...] | None:
        """The computed inputs, where output channel c depends on their channel c alone; None: it is not so."""
        return None

    @property
    def variant(self) -> str:
        """What kernels of the operator are specialised for beyond sizes: a window, a function."""
        return ""

    def work(self) -> dict[str, float]:
        """What the work is made of, whatever kernel does it: counts, by the names in cost/features.py."""
        out, depth = self.output.elements, self.output.depth
        pixels = out // max(depth, 1)
        found = {"out": out, "read": sum(t.elements for t in self.data_inputs)}
        return {name: float(n) for name, n in (found | {"pixel": pixels, "rest": pixels * (depth % 4)}).items()}

    def compute(self, values: Values) -> Values:
        """What the operator means: the outputs from the inputs, bit for bit as TFLM computes them where TFLM has it.

        Integers may come in a wider type than they are stored in, and elementwise operators take any shape.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say what it computes")

    def run(self, values: Values) -> Values:
        """`compute` as it is stored: arrays of the outputs' types and shapes."""
        return tuple(stored(value, t) for value, t in zip(self.compute(values), self.outputs, strict=True))

    @property
    def is_known(self) -> bool:
        """Whether the outputs can be computed, to the bit, before the network runs."""
        return not self.calls_libm and all(t is None or t.data is not None for t in self.inputs)

    @property
    def calls_libm(self) -> bool:
        """Whether a function of the C library computes it whose last bits IEEE 754 does not define."""
        return False

    def evaluate(self) -> Values | None:
        """Values of the outputs if they are known before the network runs, else None."""
        return self.run(tuple(t if t is None else t.values for t in self.inputs)) if self.is_known else None

    @property
    def caveat(self) -> str:
        """Why TFLM's own result is undefined here; "" where it is not."""
        return ""

    def index_limit(self, tensor: Tensor) -> int | None:
        """Values of the input `tensor` that mean something are 0 to this less one; None: all do."""
        return None

    def check(self) -> None:
        """Raise InvalidIR when attributes and shapes contradict each other."""

    def remap(self, tensors: Mapping[Tensor, Tensor]) -> Op:
        """The same operator reading (and writing) other tensors."""
        if not tensors:
            return self
        inputs = tuple(t if t is None else tensors.get(t, t) for t in self.inputs)
        outputs = tuple(tensors.get(t, t) for t in self.outputs)
        if inputs == self.inputs and outputs == self.outputs:
            return self
        return replace(self, inputs=inputs, outputs=outputs)


def stored(value: np.ndarray, tensor: Tensor) -> np.ndarray:
    """A result as the tensor's memory holds it. Raises InvalidIR for integers that do not fit its type."""
    array = np.array(value, tensor.dtype.numpy, order="C")
    if tensor.dtype is not DType.FLOAT32 and not np.array_equal(array, value):
        raise InvalidIR(f"results from {np.min(value)} to {np.max(value)} for {tensor!r}")
    return array.reshape(tensor.shape)


@dataclass(frozen=True, eq=False)
class State:
    """What a network remembers from one inference to the next.

    before    holds it at the beginning of an inference and keeps it until the end
    after     what it becomes, of as many bytes; a constant, an input or an output may be meant
    initial   what `before` holds in the first inference, of its shape and type
    """

    before: Tensor
    after: Tensor
    initial: np.ndarray


@dataclass(frozen=True, eq=False)
class Graph:
    """Operators in execution order over single-assignment tensors."""

    name: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    ops: tuple[Op, ...]
    meta: Mapping[str, Any] = field(default_factory=dict)
    states: tuple[State, ...] = ()

    @property
    def sources(self) -> tuple[Tensor, ...]:
        """Tensors that are there before the first operator: the inputs, and what is remembered."""
        return (*self.inputs, *(s.before for s in self.states))

    @property
    def results(self) -> tuple[Tensor, ...]:
        """Tensors that must be there after the last operator: the outputs, and what will be remembered."""
        return (*self.outputs, *(s.after for s in self.states))

    @cached_property
    def producer(self) -> Mapping[Tensor, Op]:
        return {t: op for op in self.ops for t in op.outputs}

    @cached_property
    def consumers(self) -> Mapping[Tensor, tuple[Op, ...]]:
        """Readers of each tensor, in order; an operator that reads one twice appears once."""
        readers: dict[Tensor, dict[Op, None]] = {}
        for op in self.ops:
            for t in op.inputs:
                if t is not None:
                    readers.setdefault(t, {})[op] = None
        return {t: tuple(r) for t, r in readers.items()}

    def readers(self, tensor: Tensor) -> tuple[Op, ...]:
        return self.consumers.get(tensor, ())

    def sole_reader(self, tensor: Tensor) -> Op | None:
        """The only operator that needs `tensor`, or None (several, or it is needed after the last operator)."""
        readers = self.readers(tensor)
        return readers[0] if len(readers) == 1 and tensor not in self.results else None

    @property
    def macs(self) -> int:
        return sum(op.macs for op in self.ops)

    def rewrite(self, ops: tuple[Op, ...] | list[Op], alias: Mapping[Tensor, Tensor] | None = None) -> Graph:
        """A new graph of `ops`, every use of an `alias` key replaced by its value; the same graph if nothing changes.

        Aliases may chain. Graph inputs stay; graph outputs and what is remembered follow their alias.
        """
        alias = dict(alias or {})
        for key in alias:
            target = alias[key]
            while target in alias:
                target = alias[target]
            alias[key] = target
        remapped = tuple(op.remap(alias) for op in ops) if alias else tuple(ops)
        outputs = tuple(alias.get(t, t) for t in self.outputs)
        states = tuple(replace(s, after=alias[s.after]) if s.after in alias else s for s in self.states)
        if (
            outputs == self.outputs
            and states == self.states
            and len(remapped) == len(self.ops)
            and all(a is b for a, b in zip(remapped, self.ops, strict=True))
        ):
            return self
        return replace(self, ops=remapped, outputs=outputs, states=states)

    def verify(self) -> None:
        """Raise InvalidIR unless the graph is well formed."""
        known: set[Tensor] = set(self.sources)
        for index, op in enumerate(self.ops):
            where = f"{op.KIND} #{index} {op.name!r}"
            for t in op.inputs:
                if t is not None and not t.const and t not in known:
                    raise InvalidIR(f"reads {t!r} before it is computed", where=where)
                if t is not None and t.data is not None and t.data.shape != t.shape:
                    raise InvalidIR(f"{t!r} holds an array of shape {t.data.shape}", where=where)
            for t in op.outputs:
                if t in known or t.const:
                    raise InvalidIR(f"writes {t!r} a second time", where=where)
                known.add(t)
            op.check()
        for t in self.results:
            if not t.const and t not in known:
                raise InvalidIR(f"output {t!r} is never computed", where=self.name)
        for s in self.states:
            if s.before.nbytes != s.after.nbytes or s.initial.nbytes != s.before.nbytes:
                raise InvalidIR(f"{s.before!r} becomes {s.after!r}", where=self.name)
