"""The SMLAD kernels for depthwise layers on emulated cores against TFLM."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.batch import LINEAR, RELU, Batch, kernels

THREE, ANY = "te_depthwise_conv2d_s8_3x3_dsp", "te_depthwise_conv2d_s8_dsp"


@pytest.mark.parametrize("act", [LINEAR, RELU, ("RELU6", -128), ("RELU", 3), ("RELU_N1_TO_1", 0)])
@pytest.mark.parametrize("spread", [1.0, 8.0])
def test_every_form_of_requantisation(act: tuple[str, int], spread: float) -> None:
    batch = Batch(seed=int(spread) + len(act[0]))
    batch.conv((5, 5, 6), 6, (3, 3), depthwise=True, act=act, spread=spread)
    batch.conv((6, 7, 5), 5, (3, 3), depthwise=True, act=act, spread=spread, stride=(2, 2))
    assert set(kernels(batch.verify())) == {THREE}


@pytest.mark.parametrize("act", [LINEAR, RELU, ("RELU6", -128), ("RELU", 3), ("RELU_N1_TO_1", 0)])
@pytest.mark.parametrize("spread", [1.0, 8.0])
def test_every_form_of_requantisation_in_blocks(act: tuple[str, int], spread: float) -> None:
    batch = Batch(seed=int(spread) + len(act[0]))
    for kernel in ((5, 5), (7, 7), (1, 3), (4, 2)):
        batch.conv((9, 7, 3), 3, kernel, depthwise=True, act=act, spread=spread)
    assert set(kernels(batch.verify())) == {ANY}


@pytest.mark.parametrize("kernel", [(1, 1), (1, 5), (2, 2), (3, 3), (4, 7), (5, 5), (6, 3), (7, 7)])
def test_any_geometry(kernel: tuple[int, int]) -> None:
    """Every width up to two blocks, strides, dilation, multipliers, both paddings."""
    batch = Batch(seed=sum(kernel))
    h = kernel[0]
    for width in (1, 2, 3, 5, 6, 7, 9, 11, 13, 17, 24):
        batch.conv((3, width, 2), 4, kernel, depthwise=True, act=RELU if width % 2 else LINEAR)
        batch.conv((4, width, 2), 6, kernel, depthwise=True, stride=(2, 2), spread=1.0)
        if width >= 2 * kernel[1]:
            batch.conv((2 * h, width, 2), 6, kernel, depthwise=True, padding="VALID", dilation=(2, 2))
            batch.conv((h, width, 3), 6, kernel, depthwise=True, padding="VALID", stride=(1, 3))
    batch.conv((3, 6, 270), 270, kernel if kernel != (3, 3) else (3, 4), depthwise=True)
    batch.conv((5, 4, 8), 16, kernel, depthwise=True, batch=2)
    assert set(kernels(batch.verify())) == {ANY}


def test_rows_so_wide_that_columns_of_the_next_phase_are_out_of_reach() -> None:
    batch = Batch(seed=5)
    batch.conv((3, 260, 2), 2, (3, 5), depthwise=True, stride=(1, 2))
    batch.conv((1, 600, 2), 2, (1, 7), depthwise=True, stride=(1, 2), padding="VALID")
    batch.conv((2, 900, 2), 2, (2, 7), depthwise=True, stride=(1, 3), act=RELU)
    assert set(kernels(batch.verify())) == {ANY}


def test_one_channel_is_dense() -> None:
    batch = Batch(seed=4)
    batch.conv((9, 9, 1), 8, (3, 3), depthwise=True, stride=(2, 2), act=RELU)
    batch.conv((9, 9, 1), 3, (9, 2), depthwise=True)
    assert set(kernels(batch.verify())) == {"te_conv2d_s8_dsp"}


def test_3x3_of_any_width() -> None:
    """One column and many, with and without the loop; both strides and paddings; more channels than a pointer step."""
    batch = Batch(seed=1)
    for width in (1, 2, 3, 4, 5, 8, 9, 10, 14, 20, 21, 22, 23, 24):
        for stride in (1, 2):
            batch.conv(
                (3, width, 3), 3, (3, 3), depthwise=True, stride=(stride, stride), act=RELU if width % 2 else LINEAR
            )
            if width > 2:
                batch.conv((4, width, 2), 2, (3, 3), depthwise=True, stride=(1, stride), padding="VALID")
    batch.conv((3, 25, 300), 300, (3, 3), depthwise=True, act=RELU)
    batch.conv((3, 40, 1030), 1030, (3, 3), depthwise=True, stride=(2, 2))
    batch.conv((5, 4, 8), 8, (3, 3), depthwise=True, batch=2, dilation=(2, 1))
    assert set(kernels(batch.verify())) == {THREE}


def test_extreme_weights_and_channels_that_never_change() -> None:
    batch = Batch(seed=2)
    weights = np.full((1, 3, 3, 4), -128, np.int8)
    weights[..., 1] = 0
    weights[..., 2] = 127
    batch.conv((5, 5, 4), 4, (3, 3), depthwise=True, weights=weights)
    batch.conv((5, 5, 4), 4, (3, 3), depthwise=True, weights=weights, act=RELU)
    assert set(kernels(batch.verify())) == {THREE}


@pytest.mark.parametrize("target", ["cortex-m7", "cortex-m33"])
def test_other_cores(target: str) -> None:
    batch = Batch(seed=3)
    batch.conv((5, 9, 5), 5, (3, 3), depthwise=True)
    assert kernels(batch.verify(target)) == [THREE]
