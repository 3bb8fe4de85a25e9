"""The Helium kernel for depthwise convolutions on the emulated core against TFLM."""

from __future__ import annotations

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
