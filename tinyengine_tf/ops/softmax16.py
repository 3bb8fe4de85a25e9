"""SOFTMAX of int16: exponentials and reciprocals from two tables of TFLM's, interpolated."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import Op, Tensor, Values
from tinyengine_tf.ops.base import Reject, Rule
from tinyengine_tf.ops.fixedpoint import Multiplier, quantize_multiplier, requantize, round_half_away

Array = np.ndarray[Any, Any]

OUTPUT_RULE = Rule("of int16 input, the output has scale 1/32768 and zero point 0")
SCALE_RULE = Rule("of int16 input, beta * scale is between 2^-40 and 5, so that differences stay within 32 bits")
DEPTH_RULE = Rule("of int16 input, the last dimension has fewer than 2^16 values")
INT16_RULES = (OUTPUT_RULE, SCALE_RULE, DEPTH_RULE)

INTERVALS = 512
TENTH_OF_RANGE = 10.0 / 65535.0
"""Differences are brought to steps of this: from -10 to 0."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Softmax16(Op):
    """exp(beta * x) / sum of exp(beta * x) over the last dimension, int16 to int16."""

    KIND = "Softmax"

    beta: float

    @property
    def depth(self) -> int:
        return self.input.shape[-1]

    @property
    def multiplier(self) -> Multiplier:
        """From a difference to steps of the table's argument."""
        return quantize_multiplier(self.input.scale * self.beta / TENTH_OF_RANGE)

    def work(self) -> dict[str, float]:
        """`row`: exponentials are summed once for each."""
        return super().work() | {"row": float(self.output.elements // self.depth)}

    def compute(self, values: Values) -> Values:
        x = values[0].astype(np.int64)
        steps = requantize(x - x.max(axis=-1, keepdims=True), self.multiplier)
        shares = interpolated(exponentials(), np.maximum(steps + 32767, -32768))
        sums = shares.sum(axis=-1, keepdims=True)
        bits = np.frompyfunc(int.bit_length, 1, 1)(sums).astype(np.int64)
        rest = (((sums << (31 - bits)) + (1 << 13)) >> 14) - (1 << 15) - (1 << 16)
        inverse = interpolated(reciprocals(), np.clip(rest, -32768, 32767))
        right = bits - 1
        return (np.clip((shares * inverse + (1 << (right - 1))) >> right, 0, 32767),)

    def check(self) -> None:
        if self.input.shape != self.output.shape:
            raise InvalidIR(f"softmax {self.input!r} -> {self.output!r}", where=self.name)


def interpolated(table: Array, x: Array) -> Array:
    """The table at int16 values: 512 intervals of 128 steps each."""
    index, rest = 256 + (x >> 7), x & 127
    found: Array = table[index] + (((table[index + 1] - table[index]) * rest + 64) >> 7)
    return found


@cache
def exponentials() -> Array:
    """exp from -10 to 0, as int16 fractions of 32768."""
    return _table(lambda x: float(np.float32(math.exp(x))), np.float32(10.0) / np.float32(65535.0), 32767)


@cache
def reciprocals() -> Array:
    """1 / (1 + x) from 0 to 1, as int16 fractions of 32768."""
    return _table(
        lambda x: float(np.float32(1.0) / (np.float32(1.0) + x)), np.float32(1.0) / np.float32(65535.0), -32768
    )


def _table(function: Callable[[np.float32], float], scale: np.float32, zero_point: int) -> Array:
    """TFLM's table of a function, in float32: 513 values, lowered by half of what interpolation errs by midway."""
    f = np.float32
    low, high = scale * f(-32768 - zero_point), scale * f(32767 - zero_point)
    step = (high - low) / f(INTERVALS)
    out_scale = f(2.0) / f(65535.0)
    units = f(65536.0) / (out_scale * f(32767) - out_scale * f(-32768))

    def at(x: np.float32) -> np.float32:
        return f(function(x)) * units

    def rounded(x: np.float32) -> np.float32:
        return f(round_half_away(float(x)))

    found = []
    for i in range(INTERVALS):
        here, middle, after = at(low + f(i) * step), at(low + f(i) * step + step / f(2)), at(low + f(i + 1) * step)
        error = rounded((after + rounded(here)) / f(2)) - rounded(middle)
        found.append(rounded(here) - rounded(error / f(2)))
    found.append(rounded(at(high)))
    return np.clip(np.array(found), -32768, 32767).astype(np.int64)


def softmax16(x: Tensor, y: Tensor, beta: float) -> Softmax16:
    if x.zero_point or y.zero_point or abs(y.scale - 1 / 32768) > 0.001 / 32768:
        raise Reject(OUTPUT_RULE, f"{y.scale:.6g} and {y.zero_point}")
    if not 2.0**-40 < beta * x.scale < 5:
        raise Reject(SCALE_RULE, f"{beta * x.scale:.3g}")
    if x.shape[-1] >= 2**16:
        raise Reject(DEPTH_RULE, x.shape[-1])
    return Softmax16(inputs=(x,), outputs=(y,), beta=beta)
