"""SOFTMAX over the last dimension, int8 to int8 or int16."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import DType, Op, Tensor, Values
from tinyengine_tf.ops.base import Constraint, RawOpLike, Reject, Rule, operator
from tinyengine_tf.ops.fixedmath import each, exp_on_negative_values, high_mul, one_over_one_plus
from tinyengine_tf.ops.fixedpoint import Multiplier, doubling_high_mul, quantize_multiplier, rounding_shift
from tinyengine_tf.ops.lookup import ONE_SCALE, require_quantized
from tinyengine_tf.ops.softmax16 import INT16_RULES, softmax16

DIFFERENCE_BITS = 5  # differences are scaled to Q5
SUM_BITS = 12  # integer bits of sums of exponentials
MAX_DEPTH = 8191  # a sum of more exponentials, each up to 2**19, wraps 32 bits


CONVERSIONS = Rule("it converts int8 to int8 or int16, int16 to int16, or float32 to float32")
ACCEPTED = ((DType.INT8, DType.INT8), (DType.INT8, DType.INT16), (DType.INT16, DType.INT16))
SAME_SHAPE = Rule("input and output have the same shape, of at least one dimension")


@dataclass(frozen=True)
class Differences:
    """Distances d = 0, 1, ... of int8 values from the largest, as TFLM scales them by `scale` > 2**-26."""

    scale: float

    @property
    def multiplier(self) -> Multiplier:
        """From a distance to Q5."""
        return quantize_multiplier(min(self.scale * (1 << (31 - DIFFERENCE_BITS)), 2.0**31 - 1))

    @property
    def radius(self) -> int:
        """The last distance that counts."""
        return math.floor(31.0 * (1 << (31 - DIFFERENCE_BITS)) / (1 << self.multiplier.shift))

    @property
    def exponentials(self) -> np.ndarray:
        """exp(-scale * d) in Q0 for d = 0, 1, ..., up to the last that is not taken as 0."""
        return _exponentials(self.multiplier, min(self.radius, 255))

    def of(self, values: np.ndarray) -> np.ndarray:
        """exp(-scale * (largest value of the last dimension - value)) in Q0."""
        values = values.astype(np.int64)
        table = np.zeros(256, np.int64)
        table[: self.exponentials.size] = self.exponentials
        return table[values.max(axis=-1, keepdims=True) - values]

    @staticmethod
    def sums(exponentials: np.ndarray) -> np.ndarray:
        """Their sums along the last dimension, which stays, with `SUM_BITS` integer bits."""
        return rounding_shift(exponentials, SUM_BITS).sum(axis=-1, keepdims=True)


@cache
def _exponentials(m: Multiplier, last: int) -> np.ndarray:
    scaled = [high_mul(-d << m.shift, m.mantissa) for d in range(last + 1)]
    return np.trim_zeros(np.array([exp_on_negative_values(s, DIFFERENCE_BITS) for s in scaled], np.int64), "b")


def output_is_fixed(op: Softmax) -> bool:
    y = op.output
    if y.dtype is DType.INT8:
        return y.zero_point == -128 and y.scale == 1 / 256
    return y.zero_point == -32768 and abs(y.scale - 1 / 65536) <= 0.001 / 65536


@operator("SOFTMAX")
@dataclass(frozen=True, kw_only=True, eq=False)
class Softmax(Op):
    """exp(beta * x) / sum of exp(beta * x) over the last dimension, in fixed point."""

    RULES: ClassVar = (
        CONVERSIONS,
        SAME_SHAPE,
        ONE_SCALE,
        *INT16_RULES,
    )

    CONSTRAINTS: ClassVar = (
        Constraint(
            "the output has scale 1/256 and zero point -128 (int16: 1/65536 and -32768)",
            output_is_fixed,
            lambda op: f"{op.output.scale:.6g} and {op.output.zero_point}",
        ),
        Constraint(
            "beta * input scale is above 2^-26",
            lambda op: op.beta * op.input.scale * 2.0**26 > 1,
            lambda op: f"{op.beta * op.input.scale:.3g}",
        ),
        Constraint(
            f"the last dimension has at most {MAX_DEPTH} values", lambda op: op.depth <= MAX_DEPTH, lambda op: op.depth
        ),
    )

    beta: float

    @property
    def depth(self) -> int:
        return self.input.shape[-1]

    @property
    def differences(self) -> Differences:
        return Differences(self.beta * self.input.scale)

    def work(self) -> dict[str, float]:
        """`row`: exponentials are summed once for each."""
        return super().work() | {"row": float(self.output.elements // self.depth)}

    def compute(self, values: Values) -> Values:
        shares, bits = self.differences.of(values[0]), self.output.dtype.bits
        sums = self.differences.sums(shares)
        zeros = 32 - np.frompyfunc(int.bit_length, 1, 1)(sums).astype(np.int64)
        inverse = each(one_over_one_plus, (sums << zeros) - 2**31)
        q = rounding_shift(doubling_high_mul(shares, inverse), SUM_BITS - zeros + 31 - bits) - 2 ** (bits - 1)
        return (np.minimum(q, 2 ** (bits - 1) - 1),)

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, y = inputs[0], outputs[0]
        assert x is not None
        if (x.dtype, y.dtype) not in ACCEPTED:
            raise Reject(
                CONVERSIONS,
                f"{x.dtype.tflite_name} -> {y.dtype.tflite_name}",
            )
        if not x.shape or x.shape != y.shape:
            raise Reject(SAME_SHAPE, f"{x} -> {y}")
        require_quantized(x, y)
        if x.dtype is DType.INT16:
            return (softmax16(x, y, raw.options["beta"]),)
        return (cls(inputs=(x,), outputs=(y,), beta=raw.options["beta"]),)

    def check(self) -> None:
        if self.input.shape != self.output.shape or self.input.dtype is not DType.INT8:
            raise InvalidIR(f"softmax {self.input!r} -> {self.output!r}", where=self.name)
