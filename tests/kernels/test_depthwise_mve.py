"""The Helium kernel for depthwise convolutions on the emulated core against TFLM."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.batch import LINEAR, RELU, Batch, kernels

CORE = "cortex-m55"
PLANES = "te_depthwise_conv2d_s8_mve"


@pytest.mark.parametrize("kernel", [(1, 1), (1, 5), (2, 2), (3, 3), (4, 7), (5, 5), (7, 7), (9, 2), (3, 40)])
def test_any_geometry(kernel: tuple[int, int]) -> None:
    """Widths from one column to several blocks, strides, multipliers, both paddings."""
    batch = Batch(seed=sum(kernel))
    h, w = kernel
    for width in (1, 2, 5, 9, 17, 33):
        batch.conv((3, width, 9), 9, kernel, depthwise=True, act=RELU if width % 2 else LINEAR)
        batch.conv((4, width, 8), 8, kernel, depthwise=True, stride=(2, 2), act=RELU, spread=1.0)
        if width >= w:
            batch.conv((h, width, 3), 3, kernel, depthwise=True, padding="VALID", stride=(1, 3))
    batch.conv((3, 6, 2), 6, kernel, depthwise=True)
    batch.conv((3, 6, 5), 20, kernel, depthwise=True, act=RELU)
    batch.conv((3, 6, 270), 270, kernel, depthwise=True)
    batch.conv((5, 4, 8), 16, kernel, depthwise=True, batch=2)
    assert set(kernels(batch.verify(CORE))) == {PLANES}


@pytest.mark.parametrize("spread", [1.0, 8.0])
def test_every_form_of_requantisation(spread: float) -> None:
    batch = Batch(seed=int(spread))
    for act in (LINEAR, RELU, ("RELU6", -128), ("RELU", 3), ("RELU_N1_TO_1", 0)):
        for factor in (1e-4, 3e-3, 0.03, 1.0, 1e4, 1e7):
            batch.conv((3, 4, 11), 11, (3, 3), depthwise=True, act=act, spread=spread, factor=factor)
    assert set(kernels(batch.verify(CORE))) == {PLANES}


def test_windows_beyond_reach() -> None:
    """128 weights of a channel are the most that loads reach; more are for another kernel."""
    batch = Batch(seed=5)
    for kernel in ((8, 16), (3, 43), (12, 12)):
        batch.conv((*kernel, 9), 9, kernel, depthwise=True, padding="VALID")
    first, *others = kernels(batch.verify(CORE))
    assert first == PLANES and PLANES not in others


def test_windows_of_padding_alone() -> None:
    """A PAD wider than the kernel becomes the layer's own; whole blocks of columns lie before or after the image."""
    batch = Batch(seed=6)
    b = batch.builder
    for before, after in ((20, 3), (3, 20)):
        x = b.input((1, 4, 5, 8), scale=0.02, zero_point=-7)
        padded = b.tensor((1, 4, 5 + before + after, 8), scale=0.02, zero_point=-7)
        y = b.tensor((1, 2, 3 + before + after, 8), scale=0.1, zero_point=4)
        weights = b.const(batch.rng.integers(-127, 128, (1, 3, 3, 8)).astype(np.int8), scale=0.01)
        bias = b.const(batch.rng.integers(-99, 99, 8).astype(np.int32), scale=0.0002)
        b.op("PAD", [x, b.const(np.array([[0, 0], [0, 0], [before, after], [0, 0]], np.int32))], [padded])
        b.op(
            "DEPTHWISE_CONV_2D",
            [padded, weights, bias],
            [y],
            padding="VALID",
            stride_h=1,
            stride_w=1,
            depth_multiplier=1,
        )
        b.output(y)
    assert PLANES not in kernels(batch.verify(CORE))
