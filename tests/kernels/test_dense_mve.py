"""The Helium kernels for dense layers on the emulated core against TFLM."""

from __future__ import annotations

import pytest

from tests.kernels.batch import LINEAR, RELU, Batch, kernels
from tests.schedule.graphs import NetworkBuilder
from tinyengine_tf import api

CORE = "cortex-m55"
POINTWISE, FULLY = "te_pointwise_s8_mve", "te_fully_connected_s8_mve"
CONV, ROW = "te_conv2d_s8_mve", "te_conv2d_s8_row_mve"


def test_pointwise_of_any_shape() -> None:
    """Depths with every kind of remainder, unrolled and looped; channels in no fours; any number of pixels."""
    batch = Batch(seed=1)
    for depth, filters, pixels in (
        (1, 1, 3),
        (2, 3, 4),
        (3, 2, 5),
        (5, 8, 7),
        (8, 16, 6),
        (16, 5, 2),
        (17, 6, 8),
        (48, 2, 3),
        (49, 4, 4),
        (52, 1, 2),
        (64, 64, 5),
        (97, 3, 3),
        (127, 4, 4),
        (128, 2, 3),
        (129, 7, 5),
        (144, 4, 3),
        (150, 9, 4),
        (160, 2, 2),
        (192, 3, 3),
        (208, 4, 4),
        (300, 130, 5),
    ):
        batch.conv((pixels, 1, depth), filters, act=RELU if pixels % 2 else LINEAR)
    batch.conv((3, 3, 8), 4, batch=2)
    batch.fully_connected(4, 24, 7)
    assert set(kernels(batch.verify(CORE))) == {POINTWISE}


def test_single_pixels_of_any_shape() -> None:
    batch = Batch(seed=2)
    for depth, outputs in (
        (1, 1),
        (2, 2),
        (3, 3),
        (4, 4),
        (7, 5),
        (16, 6),
        (18, 7),
        (33, 8),
        (64, 12),
        (131, 1),
        (150, 6),
        (256, 9),
    ):
        batch.fully_connected(1, depth, outputs, RELU if depth % 2 else LINEAR)
        batch.conv((1, 1, depth), outputs)
    assert set(kernels(batch.verify(CORE))) == {FULLY}


def test_convolutions_of_any_geometry() -> None:
    """Borders on either side, strides, dilation, one row or column, few channels and many."""
    batch = Batch(seed=3)
    for channels in (1, 3, 4, 16, 43):
        batch.conv((6, 7, channels), 3, (3, 3), act=RELU)
        batch.conv((7, 8, channels), 4, (3, 3), stride=(2, 2))
        batch.conv((7, 9, channels), 2, (2, 3), padding="VALID")
        batch.conv((9, 9, channels), 3, (3, 3), dilation=(2, 2))
        batch.conv((5, 9, channels), 2, (1, 5), stride=(1, 2))
        batch.conv((9, 4, channels), 2, (5, 1), padding="VALID")
        batch.conv((5, 2, channels), 5, (3, 5))
        batch.conv((4, 1, channels), 5, (2, 2))
    batch.conv((49, 10, 1), 8, (10, 4), stride=(2, 2), act=RELU)
    batch.conv((4, 5, 8), 3, (3, 3), batch=2)
    assert set(kernels(batch.verify(CORE))) == {CONV}


def test_windows_that_lie_in_one_row() -> None:
    batch = Batch(seed=4)
    for channels in (1, 3, 16, 50, 700):
        batch.conv((6, 6, channels), 3, stride=(2, 2))
        batch.conv((3, 9, channels), 5, (1, 2), padding="VALID", act=RELU)
        batch.conv((3, 9, channels), 4, (1, 3), stride=(1, 3), padding="VALID")
    assert set(kernels(batch.verify(CORE))) == {ROW}


@pytest.mark.parametrize("spread", [1.0, 8.0])
def test_every_form_of_requantisation(spread: float) -> None:
    """Shared and differing shifts, to the left, by nothing and to the right, with and without sign; every clamp."""
    batch = Batch(seed=int(spread))
    for act in (LINEAR, RELU, ("RELU6", -128), ("RELU", 3), ("RELU_N1_TO_1", 0)):
        for factor in (1e-4, 3e-3, 0.03, 1.0, 1e4, 1e7):
            batch.conv((4, 3, 16), 6, act=act, spread=spread, factor=factor)
            batch.conv((1, 1, 20), 9, act=act, spread=spread, factor=factor)
    batch.conv((5, 4, 4), 3, (3, 3), spread=2.0**24)
    batch.conv((5, 4, 4), 3, (3, 3), spread=2.0**24, act=RELU)
    batch.verify(CORE)


def test_assembly_beside_predicates_of_the_compiler() -> None:
    """Rows of a convolution and of a pool whose last channels are predicated take turns: each changes VPR."""
    network = NetworkBuilder(3, (14, 17, 8))
    network.conv(5, (5, 1), zero_point=2)
    pool = {"padding": "SAME", "stride_h": 2, "stride_w": 2, "filter_height": 1, "filter_width": 3}
    network.push("AVERAGE_POOL_2D", [network.at], (7, 9, 5), 2, fused_activation_function="NONE", **pool)
    network.conv(3, (3, 3))
    network.conv(3, (3, 1))
    result = api.verify(network.finish(), target=CORE, count=2, optimize="ram")
    assert result.exact, str(result.difference)
    fused = [layer.kernel.name for step in result.arena.schedule.steps if step.fused for layer in step.layers]
    assert {CONV, "te_average_pool_2d_s8_mve"} <= set(fused)
