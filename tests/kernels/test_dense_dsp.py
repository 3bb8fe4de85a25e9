"""The SMLAD kernels for dense layers on emulated cores against TFLM."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tinyengine_tf
from tests.kernels.batch import LINEAR, RELU, Batch, kernels
from tinyengine_tf.lab.build import compile_network
from tinyengine_tf.target import load_target

POINTWISE, CONV, FULLY = "te_pointwise_s8_dsp", "te_conv2d_s8_dsp", "te_fully_connected_s8_dsp"


@pytest.mark.parametrize("act", [LINEAR, RELU, ("RELU6", -128), ("RELU", 3), ("RELU_N1_TO_1", 0)])
@pytest.mark.parametrize("spread", [1.0, 8.0])
def test_every_form_of_requantisation(act: tuple[str, int], spread: float) -> None:
    batch = Batch(seed=int(spread) + len(act[0]))
    batch.conv((5, 5, 16), 6, act=act, spread=spread)
    batch.conv((1, 1, 20), 9, act=act, spread=spread)
    batch.conv((5, 4, 4), 3, (3, 3), act=act, spread=spread, factor=0.3)
    assert kernels(batch.verify()) == [POINTWISE, FULLY, CONV]


def test_pointwise_of_any_shape() -> None:
    """Channel counts with every remainder, loops unrolled and not, pixels that do not divide by three."""
    batch = Batch(seed=1)
    for channels, filters, pixels in (
        (1, 1, 3),
        (2, 3, 4),
        (3, 2, 5),
        (5, 8, 7),
        (10, 5, 6),
        (48, 2, 3),
        (49, 4, 4),
        (52, 1, 2),
        (97, 3, 3),
        (131, 2, 8),
    ):
        batch.conv((pixels, 1, channels), filters, act=RELU if pixels % 2 else LINEAR)
    batch.conv((3, 3, 8), 4, batch=2)
    batch.fully_connected(4, 24, 7)
    assert set(kernels(batch.verify())) == {POINTWISE}


def test_single_pixels_of_any_shape() -> None:
    batch = Batch(seed=2)
    for depth, outputs in ((1, 1), (2, 2), (3, 3), (4, 4), (7, 5), (16, 6), (18, 7), (33, 8), (64, 12), (131, 1)):
        batch.fully_connected(1, depth, outputs, RELU if depth % 2 else LINEAR)
        batch.conv((1, 1, depth), outputs)
    assert set(kernels(batch.verify())) == {FULLY}


def test_convolutions_of_any_geometry() -> None:
    """Borders on either side, strides, dilation, one row or column, few channels and many."""
    batch = Batch(seed=3)
    for channels in (1, 2, 3, 4, 6, 16):
        batch.conv((6, 7, channels), 3, (3, 3), act=RELU)
        batch.conv((7, 8, channels), 4, (3, 3), stride=(2, 2))
        batch.conv((7, 9, channels), 2, (2, 3), padding="VALID")
        batch.conv((9, 9, channels), 3, (3, 3), dilation=(2, 2))
        batch.conv((5, 9, channels), 2, (1, 5), stride=(1, 2))
        batch.conv((9, 4, channels), 2, (5, 1), padding="VALID")
        batch.conv((5, 2, channels), 5, (3, 5))
        batch.conv((6, 6, channels), 3, stride=(2, 2))
    batch.conv((49, 10, 1), 8, (10, 4), stride=(2, 2), act=RELU)
    batch.conv((4, 5, 8), 3, (3, 3), batch=2)
    assert set(kernels(batch.verify())) == {CONV}


@pytest.mark.parametrize(("kernel", "stride"), [((3, 4), 1), ((1, 8), 2)])
def test_runs_of_as_many_groups_as_bytes_to_the_next_pixel(kernel: tuple[int, int], stride: int) -> None:
    """Two numbers that are equal, and known to the compiler, because no other layer shares the function."""
    batch = Batch(seed=8)
    batch.conv((4, 23, 8), 3, kernel, stride=(1, stride))
    assert kernels(batch.verify()) == [CONV]


@pytest.mark.parametrize("channels", [3, 4, 400])
@pytest.mark.parametrize("width", [6, 8])
def test_no_unused_function(width: int, channels: int, tmp_path: Path) -> None:
    """Pixels gathered singly, together or both, with a border and without: every function that is written is called."""
    batch = Batch()
    batch.conv((6, width, channels), 3, stride=(2, 2))
    batch.conv((6, width, channels), 4, (1, 3), padding="VALID")
    batch.conv((6, width, channels), 2, (3, 3))
    tinyengine_tf.convert(batch.builder.finish(), tmp_path / "c", target="cortex-m4")
    compile_network(tmp_path / "c", load_target("cortex-m4"), tmp_path / "build", warnings=True)


def test_far_apart_pixels() -> None:
    """Pixels further apart than a load's offset reaches."""
    batch = Batch(seed=4)
    batch.conv((2, 9, 700), 2, (1, 1), stride=(1, 3))
    batch.conv((3, 1, 1500), 2, act=RELU)
    batch.verify()


def test_channels_that_never_change_and_tiny_multipliers() -> None:
    """All weights zero, and multipliers whose shift is beyond what the instructions take."""
    batch = Batch(seed=5)
    weights = batch.rng.integers(-127, 128, (6, 1, 1, 24)).astype(np.int8)
    weights[::2] = 0
    batch.conv((3, 3, 24), 6, weights=weights, act=RELU)
    batch.conv((3, 3, 24), 6, weights=weights)
    batch.conv((3, 3, 24), 6, spread=2.0**24, act=RELU)
    assert set(kernels(batch.verify())) == {POINTWISE}


def test_what_the_kernels_leave_to_others() -> None:
    """-128 in the wrong place, multipliers of 0.5 and more, sums that are too large: exact, by other kernels."""
    batch = Batch(seed=6)
    batch.conv((3, 3, 8), 4, weights=np.full((4, 1, 1, 8), -128, np.int8))
    batch.conv((3, 3, 8), 4, factor=1e-3)
    batch.conv((1, 3, 700), 2, weights=np.full((2, 1, 1, 700), 127, np.int8))
    assert not set(kernels(batch.verify())) & {POINTWISE, CONV, FULLY}


@pytest.mark.parametrize("target", ["cortex-m7", "cortex-m33"])
def test_other_cores(target: str) -> None:
    batch = Batch(seed=7)
    batch.conv((5, 5, 13), 7)
    batch.conv((5, 5, 3), 4, (3, 3), act=RELU)
    batch.conv((1, 1, 30), 10)
    assert kernels(batch.verify(target)) == [POINTWISE, CONV, FULLY]
