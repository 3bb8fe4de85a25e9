"""Fixed-point functions on Python integers: exp, log, 1/(1+x), logistic, tanh, 1/sqrt, as gemmlowp and TFLM have them.

A number in "Qm" is an int32 holding value * 2**(31 - m). Everything is exact to the bit; used to
fill tables when C is generated and to say what operators compute. Source: gemmlowp's fixedpoint.h, TensorFlow Lite's
common.h.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinyengine_tf.ops.fixedpoint import INT32_MAX, INT32_MIN

# exp(-2**k) in Q0 for k = -2 .. 4, and the constants of the polynomial and of Newton's iteration.
_EXP_OF_MINUS_POWERS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
_EXP_MINUS_EIGHTH = 1895147668
_ONE_THIRD = 715827883
_48_OVER_17 = 1515870810  # Q2
_MINUS_32_OVER_17 = -1010580540  # Q2
_SQRT_HALF = 1518500250
# For the logarithm: 1/sqrt(sqrt(2)) in Q0, 1/4 in Q6, log(2) in Q0.
_FOURTH_ROOT_OF_HALF = 1805811301
_QUARTER = 1 << 23
_LOG_2 = 1488522236


def each(function: Callable[[int], int], values: np.ndarray) -> np.ndarray:
    """A function here of every value of an array."""
    return np.array([function(v) for v in values.reshape(-1).tolist()], np.int64).reshape(values.shape)


def high_mul(a: int, b: int) -> int:
    """round(a * b / 2**31), halves up; the only overflow, INT32_MIN squared, saturates."""
    return min((a * b + (1 << 30)) >> 31, INT32_MAX)


def divide_by_pot(x: int, exponent: int) -> int:
    """round(x / 2**exponent), halves away from zero."""
    mask = (1 << exponent) - 1
    return (x >> exponent) + ((x & mask) > (mask >> 1) + (x < 0))


def saturating_shift(x: int, exponent: int) -> int:
    """x * 2**exponent for exponent > 0, saturated as gemmlowp does it: one step before the lower end."""
    threshold = (1 << (31 - exponent)) - 1
    return INT32_MAX if x > threshold else INT32_MIN if x < -threshold else x << exponent


def exp_on_negative_values(a: int, integer_bits: int) -> int:
    """exp(a) in Q0 for a <= 0 in Q`integer_bits` (at most 5)."""
    if a == 0:
        return INT32_MAX
    fraction_bits = 31 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    rest = (a & (quarter - 1)) - quarter
    result = _exp_near_zero(saturating_shift(rest, integer_bits))
    remainder = rest - a
    for k, factor in enumerate(_EXP_OF_MINUS_POWERS[: integer_bits + 2], start=-2):
        if remainder & (1 << (fraction_bits + k)):
            result = high_mul(result, factor)
    return result


def _exp_near_zero(a: int) -> int:
    """exp(a) for -1/4 <= a < 0, Q0 to Q0: a Taylor polynomial around -1/8."""
    x = a + (1 << 28)
    x2 = high_mul(x, x)
    x3, x4 = high_mul(x2, x), high_mul(x2, x2)
    tail = divide_by_pot(high_mul(divide_by_pot(x4, 2) + x3, _ONE_THIRD) + x2, 1)
    return _EXP_MINUS_EIGHTH + high_mul(_EXP_MINUS_EIGHTH, x + tail)


def _reciprocal_of_half_denominator(a: int) -> int:
    """2 / (1 + a) in Q2 for 0 <= a <= 1 in Q0: three steps of Newton's iteration."""
    half_denominator = (a + INT32_MAX + 1) // 2
    x = _48_OVER_17 + high_mul(half_denominator, _MINUS_32_OVER_17)
    for _ in range(3):
        error = (1 << 29) - high_mul(half_denominator, x)
        x += saturating_shift(high_mul(x, error), 2)
    return x


def one_over_one_plus(a: int) -> int:
    """1 / (1 + a) in Q0 for 0 <= a <= 1 in Q0."""
    return saturating_shift(_reciprocal_of_half_denominator(a), 1)


def logistic(a: int, integer_bits: int) -> int:
    """1 / (1 + exp(-a)) in Q0 for a in Q`integer_bits`."""
    if a == 0:
        return 1 << 30
    positive = one_over_one_plus(exp_on_negative_values(-abs(a), integer_bits))
    return positive if a > 0 else INT32_MAX - positive


def tanh(a: int, integer_bits: int) -> int:
    """tanh(a) in Q0 for a in Q`integer_bits`: (1 - e) / (1 + e) with e = exp(-2|a|)."""
    if a == 0:
        return 0
    e = exp_on_negative_values(-abs(a), integer_bits + 1)
    magnitude = saturating_shift(_reciprocal_of_half_denominator(e) - (1 << 29), 2)
    return magnitude if a > 0 else -magnitude


def logarithm(x: int) -> int:
    """log(x) in Q5 for x >= 1 in Q12: x = r * 2**n with r near 1/sqrt(sqrt(2)), and log(r) a rational function."""
    zeros = 32 - x.bit_length()
    r_above = saturating_shift(high_mul(saturating_shift(x, zeros - 1), _SQRT_HALF), 1)
    n_above = saturating_shift(12 - zeros, 25) + _QUARTER
    zeros = 31 - high_mul(x, _SQRT_HALF).bit_length()
    r_below = saturating_shift(x, zeros)
    n_below = saturating_shift(12 - zeros, 25) - _QUARTER
    r, n = min(r_above, r_below), max(n_above, n_below)
    half_sum, twice = (r + _FOURTH_ROOT_OF_HALF + 1) // 2, 2 * (r - _FOURTH_ROOT_OF_HALF)
    square = high_mul(twice, twice)
    over = high_mul(twice, r) + high_mul(high_mul(twice, square), 117049297)
    under = high_mul(half_sum, 1057819769 + twice + high_mul(127690142, square)) + high_mul(638450708, twice)
    log_r = high_mul(divide_by_pot(over, 6), one_over_one_plus(under))
    return saturating_shift(high_mul(n, _LOG_2) + log_r, 1)


def inverse_sqrt(x: int) -> tuple[int, int]:
    """1 / sqrt(x) for x >= 0, 0 taken as 1, as (mantissa, shift): mantissa * 2**(shift - 31)."""
    if x <= 1:
        return INT32_MAX, 0
    right_shift = 11
    while x >= 1 << 29:
        x, right_shift = x // 4, right_shift + 1
    pairs = (32 - x.bit_length() - 1) // 2 - 1
    right_shift -= pairs
    fixed = (x << (2 * pairs)) >> 1  # Q3
    half_input, half_three = divide_by_pot(fixed, 1), (1 << 28) + (1 << 27)
    root = 1 << 28
    for _ in range(5):
        cube = saturating_shift(high_mul(high_mul(root, root), root), 6)
        root = saturating_shift(high_mul(half_three, root) - high_mul(half_input, cube), 3)
    mantissa = high_mul(root, _SQRT_HALF)
    return (mantissa << -right_shift, 0) if right_shift < 0 else (mantissa, -right_shift)
