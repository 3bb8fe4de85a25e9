"""LOGISTIC and TANH of int16: TFLM's table of 256 values of the sigmoid, interpolated."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import Op, Tensor, Values
from tinyengine_tf.ops.base import Reject, Rule
from tinyengine_tf.ops.lstm import interpolated_sigmoid, interpolated_tanh

OUTPUT_RULE = Rule("an int16 output has scale 2^-15, within 0.1 %")
INPUT_RULE = Rule("an int16 input's scale is between 2^-29 and 8/3, so that the table's argument stays within 32 bits")
LEFT_SHIFTS: Mapping[str, tuple[int, ...]] = {"LOGISTIC": (0,), "TANH": (0, 1)}
"""The powers of two, times 2**-12, that TFLM takes an input's scale for without rounding."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sigmoid16(Op):
    """The sigmoid or hyperbolic tangent of int16 values, in steps of 2^-15.

    The table's argument is (x * factor + half) >> shift, in units of 1 / (3 * 4096).
    """

    factor: int
    shift: int
    function: str

    @property
    def KIND(self) -> str:  # type: ignore[override]
        return self.function

    @property
    def variant(self) -> str:
        return self.function

    def channelwise(self) -> tuple[Tensor, ...] | None:
        return (self.input,) if self.input.depth == self.output.depth else None

    def compute(self, values: Values) -> Values:
        half = 1 << self.shift >> 1
        argument = (values[0].astype(np.int64) * self.factor + half) >> self.shift
        return ((interpolated_sigmoid if self.function == "LOGISTIC" else interpolated_tanh)(argument),)

    def check(self) -> None:
        if self.input.elements != self.output.elements or not 0 < self.factor < 2**15:
            raise InvalidIR(f"{self.function} of {self.input!r} times {self.factor}", where=self.name)


def sigmoid16(opcode: str, x: Tensor, y: Tensor) -> Sigmoid16:
    if nearest_power(y.scale) != -15:
        raise Reject(OUTPUT_RULE, f"{y.scale:.6g}")
    if not 2.0**-29 <= x.scale < 8 / 3:
        raise Reject(INPUT_RULE, f"{x.scale:.3g}")
    factor, shift = _argument(opcode, x.scale)
    return Sigmoid16(inputs=(x,), outputs=(y,), factor=factor, shift=shift, function=opcode)


def _argument(opcode: str, scale: float) -> tuple[int, int]:
    """Factor and shift; a factor is cut off, not rounded, after as many doublings as fit."""
    power = nearest_power(scale)
    if power is not None and power + 12 in LEFT_SHIFTS[opcode]:
        return 3 << (power + 12), 0
    factor, shift = scale * 4096.0 * 3.0, 0
    while factor <= 32767.0 / 2.0 and shift <= 30:
        factor, shift = factor * 2.0, shift + 1
    return int(factor), shift


def nearest_power(scale: float) -> int | None:
    """n where the scale is 2**n within 0.1 % of n, as TFLM checks it in float32; else None."""
    logarithm = float(np.float32(math.log(scale)) * np.float32(1 / math.log(2.0)))
    n = int(np.round(logarithm))
    return n if abs(logarithm - n) < 1e-3 else None
