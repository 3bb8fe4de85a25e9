"""What each unary 8-bit operator does to all 256 values, as TFLM's reference kernels compute it.

A function here takes (options, input, output) and returns the outputs for all values of the input's
type, ascending, as an int64 array; it raises Reject where TFLM would refuse the operator.
Which products are taken in float32 and which in double is part of the definition. All multipliers are
ratios in double, as the `tflite_micro` package computes them; older TFLM sources took some in float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyengine_tf.ir import DType, Tensor
from tinyengine_tf.ops.base import Definition, Reject, Rule
from tinyengine_tf.ops.fixedmath import divide_by_pot, inverse_sqrt, logistic, tanh
from tinyengine_tf.ops.fixedpoint import Multiplier, quantize_multiplier, requantize, round_half_away, wrap32

UnaryFunction = Callable[[Mapping[str, Any], Tensor, Tensor], np.ndarray]

MAX_SHIFT = 30
SCALE_RULE = Rule("input and output scales are less than a factor of 2^30 apart")
HARD_SWISH_RULE = Rule("the input scale is below 128 times the output scale and below 2^22")
SIGMOID_SCALE_RULE = Rule("the input scale is between 2^-28 and 2^34")
SIX_RULE = Rule("6 divided by the input's scale stays below 2^31, as TFLM's 32-bit limits do")
LOGISTIC_RULE = Rule("the output of LOGISTIC has zero point -128 (and scale 1/256)")


def all_values(dtype: DType) -> np.ndarray:
    """-128..127 or 0..255, as int64."""
    return np.arange(-128, 128) if dtype is DType.INT8 else np.arange(256)


def saturate(values: np.ndarray, dtype: DType = DType.INT8) -> np.ndarray:
    info = np.iinfo(dtype.numpy)
    return np.clip(values, info.min, info.max)


def checked_multiplier(real: float) -> Multiplier:
    """The multiplier of a ratio of scales; larger shifts have no meaning in 32 bits."""
    m = quantize_multiplier(real) if math.isfinite(real) else None
    if m is None or m.shift > MAX_SHIFT:
        raise Reject(SCALE_RULE, f"a factor of {real:.3g}")
    return m


def scaled(values: np.ndarray, m: Multiplier, zero_point: int) -> np.ndarray:
    """values * m + zero_point in wrapping 32-bit arithmetic."""
    return wrap32(requantize(values, m) + zero_point)


def requantized(options: Mapping[str, Any], x: Tensor, y: Tensor) -> np.ndarray:
    """QUANTIZE between 8-bit types."""
    m = checked_multiplier(x.scale / y.scale)
    return saturate(scaled(all_values(x.dtype) - x.zero_point, m, y.zero_point), y.dtype)


def relu(options: Mapping[str, Any], x: Tensor, y: Tensor) -> np.ndarray:
    m = checked_multiplier(x.scale / y.scale)
    values = scaled(all_values(x.dtype) - x.zero_point, m, y.zero_point)
    return np.clip(values, y.zero_point, 127)


def relu6(options: Mapping[str, Any], x: Tensor, y: Tensor) -> np.ndarray:
    """A clamp of the stored values: TFLM does not look at the output's scale."""
    if 6.0 / x.scale >= 2**31:
        raise Reject(SIX_RULE, f"{x.scale:.3g}")
    six = round_half_away(float(np.float32(6.0) / np.float32(x.scale))) + x.zero_point if x.scale > 1e-6 else 127
    return np.clip(all_values(x.dtype), x.zero_point, max(min(six, 127), -128))


def leaky_relu(options: Mapping[str, Any], x: Tensor, y: Tensor) -> np.ndarray:
    """alpha may be negative or above 1."""
    slope = checked_multiplier(x.scale * options["alpha"] / y.scale)
    identity = checked_multiplier(x.scale / y.scale)
    values = all_values(x.dtype) - x.zero_point
    below = requantize(values, Multiplier(abs(slope.mantissa), slope.shift)) * (-1 if slope.mantissa < 0 else 1)
    return saturate(wrap32(np.where(values >= 0, requantize(values, identity), below) + y.zero_point))


def absolute(options: Mapping[str, Any], x: Tensor, y: Tensor) -> np.ndarray:
    values = np.abs(all_values(x.dtype) - x.zero_point)
    if x.scale == y.scale:
        return saturate(values + y.zero_point)
    return saturate(scaled(values, checked_multiplier(x.scale / y.scale), y.zero_point))


def rsqrt(options: Mapping[str, Any], x: Tensor, y: Tensor) -> np.ndarray:
    """1 / sqrt; TFLM's Invoke fails on values below zero, here they give the largest output, as zero does."""
    m = checked_multiplier(1.0 / (math.sqrt(x.scale) * y.scale))
    headroom = 20
    if m.shift - headroom < -31:
        raise Reject(SCALE_RULE, f"1 / (sqrt({x.scale:.3g}) * {y.scale:.3g})")
    outputs = []
    for value in all_values(x.dtype) - x.zero_point:
        if value <= 0:
            outputs.append(127)
            continue
        mantissa, shift = inverse_sqrt(int(value))
        root = requantize(1, Multiplier(mantissa, shift + headroom))
        outputs.append(int(scaled(root, Multiplier(m.mantissa, m.shift - headroom), y.zero_point)))
    return saturate(np.array(outputs))


def elu(options: Mapping[str, Any], x: Tensor, y: Tensor) -> np.ndarray:
    """Computed in float32 with a correctly rounded exp, then looked up, as TFLM does."""
    with np.errstate(over="ignore"):
        inverse = np.float32(1.0) / np.float32(y.scale)
        reals = np.float32(x.scale) * (all_values(x.dtype) - x.zero_point).astype(np.float32)
        rows = [np.float32(math.exp(float(r))) - np.float32(1.0) if r < 0 else r for r in reals]
        rounded = [round_half_away(max(min(float(r * inverse), 1e9), -1e9)) for r in rows]
    return saturate(np.array(rounded) + y.zero_point)


def sigmoid_multiplier(x: Tensor) -> tuple[Multiplier, int]:
    """Input -> Q4, and the distance from the zero point from which the result saturates."""
    if not 2.0**-28 <= x.scale < 2.0**34:
        raise Reject(SIGMOID_SCALE_RULE, f"{x.scale:.3g}")
    fraction, shift = math.frexp(x.scale * (1 << 27))
    radius = math.floor(15.0 * (1 << 27) / (1 << shift))
    return Multiplier(round_half_away(fraction * (1 << 31)), shift), radius


def sigmoid_table(x: Tensor, inner: Callable[[int], int]) -> np.ndarray:
    m, radius = sigmoid_multiplier(x)
    outputs = []
    for value in (all_values(x.dtype) - x.zero_point).tolist():
        if value <= -radius:
            outputs.append(-128)
        elif value >= radius:
            outputs.append(127)
        else:
            outputs.append(inner(int(requantize(value, m))))
    return saturate(np.array(outputs))


def logistic_table(options: Mapping[str, Any], x: Tensor, y: Tensor) -> np.ndarray:
    if y.zero_point != -128:
        raise Reject(LOGISTIC_RULE, y.zero_point)
    return sigmoid_table(x, lambda q4: divide_by_pot(logistic(q4, 4), 23) - 128)


def tanh_table(options: Mapping[str, Any], x: Tensor, y: Tensor) -> np.ndarray:
    """The output is taken to have scale 1/128 and zero point 0, whatever the file says."""
    return sigmoid_table(x, lambda q4: divide_by_pot(tanh(q4, 4), 24))


def hard_swish(options: Mapping[str, Any], x: Tensor, y: Tensor) -> np.ndarray:
    """x * relu6(x + 3) / 6 in 16-bit fixed point."""
    fine_scale = x.scale / 128
    out, reluish = quantize_multiplier(fine_scale / y.scale), quantize_multiplier(fine_scale / (3 / 32768))
    if out.shift > 0 or reluish.shift > MAX_SHIFT:
        raise Reject(HARD_SWISH_RULE, f"input {x.scale:.3g}, output {y.scale:.3g}")
    outputs = []
    for value in (all_values(x.dtype) - x.zero_point).tolist():
        fine = value * 128
        gate = fine
        if reluish.shift > 0:
            gate = _clip16(gate << (reluish.shift - 1))
        gate = _high_mul16(gate, _to16(reluish.mantissa))
        if reluish.shift > 0:
            gate = _clip16(gate * 2)
        elif reluish.shift < 0:
            gate = _divide16(gate, -reluish.shift)
        gate = _wrap16((gate + (1 << 15)) >> 1)
        product = gate * _high_mul16(fine, _to16(out.mantissa))
        high = product >> 15 if product >= 0 else -(-product >> 15)
        outputs.append(_wrap16(_divide16(high, -out.shift) + y.zero_point))
    return saturate(np.array(outputs))


def _wrap16(x: int) -> int:
    return (x + 32768) % 65536 - 32768


def _clip16(x: int) -> int:
    return max(min(x, 32767), -32768)


def _high_mul16(a: int, b: int) -> int:
    return min((a * b + (1 << 14)) >> 15, 32767)


def _to16(mantissa: int) -> int:
    """A 32-bit mantissa rounded to 16 bits."""
    return 32767 if mantissa >= 2**31 - 1 - 2**15 else (mantissa + 2**15) >> 16


def _divide16(x: int, exponent: int) -> int:
    """The rounding shift on int16, whose mask wraps to -1 from 16 bits on."""
    mask = _wrap16((1 << exponent) - 1)
    return _wrap16((x >> exponent) + ((x & mask) > (mask >> 1) + (x < 0)))


BYTE_WISE = "of one int8 value, or of a float32 value that depends on one: a table of 256 entries."


@dataclass(frozen=True)
class Unary:
    """A function, what it does as the list of operators says it, and what it asks of the scales."""

    function: UnaryFunction
    summary: str
    rules: tuple[Rule, ...] = ()
    definition: Definition = Definition.TFLM


UNARY: Mapping[str, Unary] = {
    "RELU": Unary(relu, f"max(x, 0) {BYTE_WISE}", (SCALE_RULE,)),
    "RELU6": Unary(relu6, f"x limited to 0..6, {BYTE_WISE}", (SIX_RULE,)),
    "LEAKY_RELU": Unary(leaky_relu, f"x, below zero times alpha, {BYTE_WISE}", (SCALE_RULE,)),
    "HARD_SWISH": Unary(hard_swish, f"x * relu6(x + 3) / 6 {BYTE_WISE}", (HARD_SWISH_RULE,)),
    "ELU": Unary(elu, f"x, below zero exp(x) - 1, {BYTE_WISE}"),
    "LOGISTIC": Unary(logistic_table, f"1 / (1 + exp(-x)) {BYTE_WISE}", (LOGISTIC_RULE, SIGMOID_SCALE_RULE)),
    "TANH": Unary(tanh_table, f"The hyperbolic tangent {BYTE_WISE}", (SIGMOID_SCALE_RULE,)),
    "ABS": Unary(absolute, f"|x| {BYTE_WISE}", (SCALE_RULE,)),
    "RSQRT": Unary(rsqrt, f"1 / sqrt(x) {BYTE_WISE}", (SCALE_RULE,)),
}
"""All of them: an operator is a function above and its line here."""
