"""The forms of requantisation that Helium code uses equal TFLM's, over dense ranges of sums and many multipliers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.batch import Batch, extremes, kernels
from tinyengine_tf.ops.fixedpoint import Multiplier, requantize

INT32 = 2**31


def saturate(x: np.ndarray, bits: int = 32) -> np.ndarray:
    return np.clip(x, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def high_mul_add(a: np.ndarray, m: int, addend: int) -> np.ndarray:
    """VQRDMLASH.s32; VQRDMULH.s32 with addend 0."""
    return saturate((2 * a * m + (addend << 32) + 2**31) >> 32)


def rounding_shift(x: np.ndarray, r: int) -> np.ndarray:
    """VRSHL.s32 by -r, VQRSHRN.s32 #r before it narrows."""
    return (x + (1 << r >> 1)) >> r


def lanes_with_shift(a: np.ndarray, m: int, r: int, zero: int, signed: bool) -> np.ndarray:
    h = high_mul_add(a, m, 0)
    if signed:
        h = h + ((h & -r) >> 31)
    return saturate(saturate(saturate(rounding_shift(h, r) + zero), 16), 8)


def shared_shift(a: np.ndarray, m: int, r: int, zero: int, signed: bool) -> np.ndarray:
    h = high_mul_add(a, m, zero << r) + ((a >> 31) if signed else 0)
    return saturate(saturate(rounding_shift(h, r), 16), 8)


def sums(m: int, r: int) -> np.ndarray:
    """Everything near zero, both sides of every step of the output, and samples up to the ends of the range."""
    h = (np.arange(-300, 301) << r) + (1 << r >> 1)
    steps = np.round(h * 2.0**31 / m).astype(np.int64) if m else np.zeros(1, np.int64)
    near = (steps[:, None] + np.arange(-3, 4)).reshape(-1)
    rng = np.random.default_rng(r)
    far = rng.integers(-INT32 // 2, INT32 // 2, 2000)
    ends = np.array([-INT32 // 2, INT32 // 2 - 1])
    return np.clip(np.concatenate((np.arange(-40_000, 40_000), near, far, ends)), ends[0], ends[1])


MANTISSAS = (2**30, 2**30 + 1, 2**30 + 2**29, 1_518_500_250, 2_000_000_011, 2**31 - 1, 0)


@pytest.mark.parametrize("r", [0, 1, 2, 5, 7, 8, 13, 16, 17, 24, 31])
@pytest.mark.parametrize("zero", [-128, -7, 0, 5, 127])
def test_equal_to_tflm(r: int, zero: int) -> None:
    for m in MANTISSAS:
        a = sums(m, r)
        expected = np.clip(requantize(a, Multiplier(m, -r)) + zero, -128, 127)
        for signed in (True, False):
            low = -128 if signed else zero
            wanted = np.maximum(expected, low)
            np.testing.assert_array_equal(np.maximum(lanes_with_shift(a, m, r, zero, signed), low), wanted)
            if 1 <= r <= 16:
                np.testing.assert_array_equal(np.maximum(shared_shift(a, m, r, zero, signed), low), wanted)


EIGHTHS = 0.125
MIXED = (0.125, 0.5, 0.75, 0.96875, 1.5, 6.0, 2.0**-9, 0.25)
"""Multipliers with many ties, without a shift, and with shifts to the left."""


@pytest.mark.parametrize("depthwise", [False, True])
def test_ties_on_the_core(depthwise: bool) -> None:
    """Every sum from -128 to 127 under multipliers whose results often lie halfway, with and without sign."""
    batch = Batch(seed=1)
    b = batch.builder
    ones = np.ones((1, 1, 1, 8) if depthwise else (8, 1, 1, 1), np.int8)
    for scales in ([EIGHTHS], [EIGHTHS * 4], list(MIXED)):
        for activation, zero in (("NONE", 5), ("RELU", 0), ("NONE", -128)):
            for shape in ((1, 32, 64, 8),) if depthwise else ((1, 16, 16, 1), (1, 1, 1, 1)):
                x = b.input(shape, scale=1.0, zero_point=0)
                w = b.const(ones, scales=scales, axis=3 if depthwise else 0)
                y = b.tensor((*shape[:3], 8), scale=1.0, zero_point=zero)
                options = {"depth_multiplier": 1} if depthwise else {}
                b.op(
                    "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D",
                    [x, w],
                    [y],
                    padding="SAME",
                    stride_h=1,
                    stride_w=1,
                    fused_activation_function=activation,
                    **options,
                )
                b.output(y)
    names = {"te_depthwise_conv2d_s8_mve"} if depthwise else {"te_pointwise_s8_mve", "te_fully_connected_s8_mve"}
    assert set(kernels(batch.verify("cortex-m55", inputs=extremes(batch)))) == names
