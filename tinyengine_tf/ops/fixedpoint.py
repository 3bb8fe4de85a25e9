"""TFLM's integer arithmetic, exactly: multipliers, requantisation, activation ranges.

Everything here works on Python numbers or numpy arrays and is the model for the C in
kernels/requantize.c.j2. Source: gemmlowp's fixed-point conventions and the TensorFlow Lite
8-bit quantization specification; TFLM builds without single rounding, so requantisation
rounds twice: a doubling high multiply, then a rounding right shift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1

MAX_SHIFT = 30
RATIO_RULE = "the scale of what is summed is less than 2^30 times the output's"
"""Larger multipliers shift every bit of a 32-bit sum out: TFLM's arithmetic is undefined there."""


@dataclass(frozen=True)
class Multiplier:
    """A positive real factor as mantissa * 2**(shift - 31), mantissa in [2**30, 2**31) or 0."""

    mantissa: int
    shift: int


def round_half_away(x: float) -> int:
    """C's round(): halves go away from zero."""
    return int(math.copysign(math.floor(abs(x) + 0.5), x)) if abs(x) < 2**52 else int(x)


@lru_cache(maxsize=65536)
def quantize_multiplier(real: float) -> Multiplier:
    """The nearest Multiplier to a non-negative double; below 2**-32 it is flushed to zero."""
    if real == 0.0:
        return Multiplier(0, 0)
    fraction, shift = math.frexp(real)
    mantissa = round_half_away(fraction * (1 << 31))
    if mantissa == 1 << 31:
        mantissa //= 2
        shift += 1
    if shift < -31:
        return Multiplier(0, 0)
    return Multiplier(mantissa, shift)


def wrap32(x: np.ndarray | int) -> np.ndarray:
    """Two's-complement wrap to int32, held as int64."""
    return ((np.asarray(x, np.int64) + 2**31) & 0xFFFFFFFF) - 2**31


def integer_matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b of integers whose sums stay below 2**53: in float64, which is exact and which numpy multiplies faster."""
    return (a.astype(np.float64) @ b.astype(np.float64)).astype(np.int64)


def doubling_high_mul(a: np.ndarray | int, b: np.ndarray | int) -> np.ndarray:
    """round(a * b / 2**31), halves towards plus infinity; saturates only INT32_MIN squared."""
    product = np.asarray(a, np.int64) * np.asarray(b, np.int64)
    return np.minimum((product + (1 << 30)) >> 31, INT32_MAX)


def rounding_shift(x: np.ndarray | int, exponent: np.ndarray | int) -> np.ndarray:
    """round(x / 2**exponent), halves away from zero."""
    x = np.asarray(x, np.int64)
    mask = (1 << exponent) - 1
    threshold = (mask >> 1) + (x < 0)
    return (x >> exponent) + ((x & mask) > threshold)


def requantize(x: np.ndarray | int, m: Multiplier) -> np.ndarray:
    """MultiplyByQuantizedMultiplier for int32 values (int64 result, within int32)."""
    left, right = max(m.shift, 0), max(-m.shift, 0)
    return rounding_shift(doubling_high_mul(wrap32(np.asarray(x, np.int64) << left), m.mantissa), right)


WIDE_MAX_SHIFT = 7
WIDE_LIMIT = 2**47
"""What TFLM's requantisation of 64-bit sums takes: multipliers below 2**7, and sums below 2**47."""


def short_mantissa(m: Multiplier) -> int:
    """The mantissa rounded to 16 bits, below 2**15."""
    return min((m.mantissa + 2**15) >> 16, 2**15 - 1)


def requantize_wide(x: np.ndarray | int, m: Multiplier) -> np.ndarray:
    """MultiplyByQuantizedMultiplier for int64 values: one rounding, halves towards plus infinity; wraps to int32."""
    right = 15 - m.shift
    return wrap32((np.asarray(x, np.int64) * short_mantissa(m) + (1 << (right - 1))) >> right)


def quantize_value(real: float, scale: float, zero_point: int) -> int:
    """zero_point + round(real / scale) in float32, as TFLM computes activation limits."""
    return zero_point + round_half_away(float(np.float32(real) / np.float32(scale)))


def activation_range(
    activation: str, scale: float, zero_point: int, low: int = -128, high: int = 127
) -> tuple[int, int]:
    """The clamp that a fused activation means for an output of that quantisation."""
    limits = {"NONE": (None, None), "RELU": (0.0, None), "RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0)}
    lo, hi = limits[activation]
    if lo is not None:
        low = max(low, quantize_value(lo, scale, zero_point))
    if hi is not None:
        high = min(high, quantize_value(hi, scale, zero_point))
    return low, high
