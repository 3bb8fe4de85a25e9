"""Integers of 16 and more bits brought to another scale: QUANTIZE, RELU, RELU6, LEAKY_RELU and ABS of int16.

What is one table of 256 entries for a byte (see lookup.py) is a multiplication for each value here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import Op, Tensor, Values
from tinyengine_tf.ops.base import PER_TENSOR, Constraint, Reject, whole_range
from tinyengine_tf.ops.fixedpoint import Multiplier, quantize_value, requantize, wrap32
from tinyengine_tf.ops.unary import SIX_RULE, checked_multiplier

IDENTITY = Multiplier(2**30, 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Rescale(Op):
    """Integers times one factor, or one for values below the zero point and one for all others, then a clamp.

    below, above    the factors; a mantissa may be negative
    clamp           range of the output's type, inclusive
    function        the .tflite operator that it carries out, for people
    """

    CONSTRAINTS: ClassVar[tuple[Constraint, ...]] = (PER_TENSOR,)

    below: Multiplier
    above: Multiplier
    clamp: tuple[int, int]
    function: str

    @property
    def KIND(self) -> str:  # type: ignore[override]
        return f"Rescale {self.function}"

    @property
    def variant(self) -> str:
        return self.function

    def channelwise(self) -> tuple[Tensor, ...] | None:
        return (self.input,) if self.input.depth == self.output.depth else None

    def compute(self, values: Values) -> Values:
        x = wrap32(values[0].astype(np.int64) - self.input.zero_point)
        y = np.where(x >= 0, requantize(x, self.above), requantize(x, self.below))
        return (np.clip(wrap32(y + self.output.zero_point), *self.clamp),)

    def check(self) -> None:
        if self.input.elements != self.output.elements or self.clamp[0] > self.clamp[1]:
            raise InvalidIR(f"{self.input!r} rescaled to {self.output!r}, {self.clamp}", where=self.name)


Factors = tuple[Multiplier, Multiplier, tuple[int, int]]


def quantize(options: Mapping[str, Any], x: Tensor, y: Tensor) -> Factors:
    m = checked_multiplier(x.scale / y.scale)
    return m, m, whole_range(y)


def relu(options: Mapping[str, Any], x: Tensor, y: Tensor) -> Factors:
    m = checked_multiplier(x.scale / y.scale)
    return m, m, (0, whole_range(y)[1])


def relu6(options: Mapping[str, Any], x: Tensor, y: Tensor) -> Factors:
    """A clamp of the stored values: TFLM does not look at the output's scale."""
    if 6.0 / x.scale >= 2**31:
        raise Reject(SIX_RULE, f"{x.scale:.3g}")
    return IDENTITY, IDENTITY, (0, min(quantize_value(6.0, x.scale, 0), whole_range(y)[1]))


def leaky_relu(options: Mapping[str, Any], x: Tensor, y: Tensor) -> Factors:
    """alpha may be negative or above 1."""
    below, above = checked_multiplier(x.scale * options["alpha"] / y.scale), checked_multiplier(x.scale / y.scale)
    return below, above, whole_range(y)


def absolute(options: Mapping[str, Any], x: Tensor, y: Tensor) -> Factors:
    m = checked_multiplier(x.scale / y.scale)
    return Multiplier(-m.mantissa, m.shift), m, whole_range(y)


RESCALES: Mapping[str, Callable[[Mapping[str, Any], Tensor, Tensor], Factors]] = {
    "QUANTIZE": quantize,
    "RELU": relu,
    "RELU6": relu6,
    "LEAKY_RELU": leaky_relu,
    "ABS": absolute,
}


def rescale(opcode: str, options: Mapping[str, Any], x: Tensor, y: Tensor) -> Rescale:
    below, above, clamp = RESCALES[opcode](options, x, y)
    return Rescale(inputs=(x,), outputs=(y,), below=below, above=above, clamp=clamp, function=opcode)
