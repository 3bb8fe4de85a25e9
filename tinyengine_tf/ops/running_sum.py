"""ADD_N and CUMSUM: sums of int8 values of one quantisation, requantised once each, or of float32 values in order.

TFLM starts an int8 sum at -zero_point instead of 0 and holds it in 32 bits at 19 extra bits: both are kept.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import DType, Op, Tensor, Values
from tinyengine_tf.ops.base import PER_TENSOR, QUANTIZED, Constraint, RawOpLike, Reject, Rule, data_types, operator
from tinyengine_tf.ops.broadcast import Loop, broadcast_loops, broadcast_work
from tinyengine_tf.ops.fixedpoint import Multiplier, quantize_multiplier, requantize
from tinyengine_tf.ops.slice import AXIS, CONSTANT, constant_integers, resolve_axis

HEADROOM_BITS = 19
LARGEST_SUM = (1 << (31 - HEADROOM_BITS)) - 1


SAME_INPUTS = Rule("all inputs have the output's shape and one scale and zero point")
TWO_INPUTS = Rule("there are at least two inputs")
ONE_AXIS = Rule("there is one axis, and input and output have the same shape")


def one_type(op: Op) -> bool:
    return {t.dtype for t in (*op.data_inputs, *op.outputs)} in ({DType.INT8}, {DType.FLOAT32})


@dataclass(frozen=True, kw_only=True, eq=False)
class RunningSum(Op):
    """What both share. `terms` are added up for one output element, at most."""

    CONSTRAINTS: ClassVar = (
        Constraint("inputs and output are all int8 or all float32", one_type, data_types),
        QUANTIZED,
        PER_TENSOR,
        Constraint(
            f"a sum of as many int8 values as are added, and one more, stays within {LARGEST_SUM}, TFLM's 32 bits",
            lambda op: op.is_float or op.largest_sum <= LARGEST_SUM,
            lambda op: op.largest_sum,
        ),
        Constraint(
            "an int8 input's scale is below 2^18 times the output's",
            lambda op: op.is_float or (op.multiplier.shift <= 0 and op.ratio < 1),
        ),
    )

    @property
    def is_float(self) -> bool:
        return self.output.dtype is DType.FLOAT32

    @property
    def terms(self) -> int:
        raise NotImplementedError

    @property
    def largest_sum(self) -> int:
        zero = self.input.zero_point
        return self.terms * max(127 - zero, 128 + zero) + abs(zero)

    @property
    def ratio(self) -> float:
        return 2 * self.input.scale / ((1 << (HEADROOM_BITS + 1)) * self.output.scale)

    @property
    def first(self) -> int:
        """Where a sum starts."""
        return 0 if self.is_float else -self.input.zero_point

    def terms_of(self, values: np.ndarray) -> np.ndarray:
        """What is added for stored values."""
        return values if self.is_float else values.astype(np.int64) - self.input.zero_point

    def requantized(self, sums: np.ndarray) -> np.ndarray:
        """Sums as the output shows them."""
        if self.is_float:
            return sums
        return np.clip(requantize(sums << HEADROOM_BITS, self.multiplier) + self.output.zero_point, -128, 127)

    @property
    def multiplier(self) -> Multiplier:
        """From sums at HEADROOM_BITS extra bits to the output."""
        return quantize_multiplier(self.ratio)


@operator("ADD_N")
@dataclass(frozen=True, kw_only=True, eq=False)
class AddN(RunningSum):
    """The sum of several tensors of one shape and quantisation; some may be constant."""

    RULES: ClassVar = (
        SAME_INPUTS,
        TWO_INPUTS,
    )

    @property
    def terms(self) -> int:
        return len(self.inputs)

    @property
    def loops(self) -> tuple[Loop, ...]:
        return broadcast_loops(*(t.shape for t in self.inputs if t is not None))

    def work(self) -> dict[str, float]:
        """`real`: operands that are floats; `scaled`: sums that are requantised."""
        found = super().work() | broadcast_work(self.loops)
        return found | ({"real": found["operand"]} if self.is_float else {"scaled": found["out"]})

    def compute(self, values: Values) -> Values:
        start = np.full_like(self.terms_of(values[0]), self.first)
        return (self.requantized(sum(map(self.terms_of, values), start)),)

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        first, y = inputs[0], outputs[0]
        assert first is not None
        for x in inputs:
            if x is None or (x.shape, x.dtype, x.quant) != (y.shape, first.dtype, first.quant):
                raise Reject(SAME_INPUTS, f"{x} -> {y}")
        if len(inputs) < 2:
            raise Reject(TWO_INPUTS, len(inputs))
        return (cls(inputs=inputs, outputs=outputs),)

    def check(self) -> None:
        if any(t is None or t.shape != self.output.shape for t in self.inputs):
            raise InvalidIR(f"{self.inputs!r} -> {self.output!r}", where=self.name)


@operator("CUMSUM", needs=2)
@dataclass(frozen=True, kw_only=True, eq=False)
class CumSum(RunningSum):
    """Sums of all values up to each along one dimension.

    exclusive  without the value itself
    reverse    from the end
    """

    RULES: ClassVar = (
        CONSTANT,
        ONE_AXIS,
        AXIS,
    )

    axis: int
    exclusive: bool
    reverse: bool

    @property
    def terms(self) -> int:
        return self.input.shape[self.axis]

    def work(self) -> dict[str, float]:
        """`row`: sums are begun; `real`, `scaled`: of floats, and what is requantised."""
        found = super().work() | {"row": float(self.output.elements // self.terms)}
        return found | {"real" if self.is_float else "scaled": found["out"]}

    def compute(self, values: Values) -> Values:
        along = np.moveaxis(self.terms_of(values[0]), self.axis, 0)
        along = along[::-1] if self.reverse else along
        sums = np.cumsum(np.concatenate([np.full_like(along[:1], self.first), along]), axis=0, dtype=along.dtype)
        sums = sums[:-1] if self.exclusive else sums[1:]
        return (self.requantized(np.moveaxis(sums[::-1] if self.reverse else sums, 0, self.axis)),)

    @property
    def inner(self) -> int:
        return math.prod(self.input.shape[self.axis + 1 :])

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, y = inputs[0], outputs[0]
        assert x is not None
        axes = constant_integers(inputs[1], "the axis")
        if len(axes) != 1 or x.shape != y.shape:
            raise Reject(ONE_AXIS, f"{axes}, {x} -> {y}")
        axis = resolve_axis(axes[0], len(x.shape))
        exclusive, reverse = bool(raw.options["exclusive"]), bool(raw.options["reverse"])
        return (cls(inputs=(x,), outputs=outputs, axis=axis, exclusive=exclusive, reverse=reverse),)

    def check(self) -> None:
        if self.input.shape != self.output.shape or not 0 <= self.axis < len(self.input.shape):
            raise InvalidIR(f"{self.input!r} -> {self.output!r} along {self.axis}", where=self.name)
