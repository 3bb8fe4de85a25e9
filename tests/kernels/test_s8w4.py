"""Kernels whose weights have four bits, packed in flash, on the host and on emulated cores against TFLM."""

from __future__ import annotations

import numpy as np
import pytest

from tests.exact import assert_exact
from tests.kernels.batch import LINEAR, RELU, Batch, kernels
from tinyengine_tf import api
from tinyengine_tf.ir import DType
from tinyengine_tf.lab.verify import Verification
from tinyengine_tf.schedule import Goal
from tinyengine_tf.target import load_target

CORES = ("host", "cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m55", "riscv32")
EVERY_CORE = pytest.mark.parametrize("core", CORES)


def verify(batch: Batch, core: str) -> Verification:
    """All layers are exact, and their weights packed, but for depthwise convolutions on cores with DSP or Helium."""
    result = batch.verify(core)
    widened = [name for name in kernels(result) if "_s8w4" not in name]
    assert all(name.startswith("te_depthwise_") and name.endswith(("_dsp", "_mve")) for name in widened), widened
    return result


@EVERY_CORE
def test_matrix_products_of_any_shape(core: str) -> None:
    """Odd depths, of which a byte holds the last value alone; any number of filters and pixels."""
    batch = Batch(seed=1, weight_type="INT4")
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
    for depth, outputs in ((1, 1), (7, 5), (16, 6), (33, 9), (64, 12)):
        batch.fully_connected(1, depth, outputs, RELU if depth % 2 else LINEAR)
    batch.fully_connected(4, 24, 7)
    verify(batch, core)


@EVERY_CORE
def test_convolutions_of_any_geometry(core: str) -> None:
    batch = Batch(seed=2, weight_type="INT4")
    for channels in (1, 3, 4, 16):
        batch.conv((6, 7, channels), 3, (3, 3), act=RELU)
        batch.conv((7, 8, channels), 4, (3, 3), stride=(2, 2))
        batch.conv((7, 9, channels), 2, (2, 3), padding="VALID")
        batch.conv((9, 9, channels), 3, (3, 3), dilation=(2, 2))
        batch.conv((5, 2, channels), 5, (3, 5))
        batch.conv((6, 6, channels), 3, stride=(2, 2))
    batch.conv((13, 10, 1), 8, (10, 4), stride=(2, 2), act=RELU)
    batch.conv((4, 5, 8), 3, (3, 3), batch=2)
    batch.conv((5, 5, 6), 4, (3, 3), weights=batch.rng.integers(-8, 8, (4, 3, 3, 3)).astype(np.int8))
    verify(batch, core)


@EVERY_CORE
def test_depthwise_convolutions_of_any_geometry(core: str) -> None:
    batch = Batch(seed=3, weight_type="INT4")
    for channels in (1, 3, 8):
        batch.conv((6, 7, channels), channels, (3, 3), depthwise=True, act=RELU)
        batch.conv((7, 8, channels), channels, (3, 3), depthwise=True, stride=(2, 2))
        batch.conv((7, 9, channels), channels, (2, 5), depthwise=True, padding="VALID")
        batch.conv((9, 9, channels), channels, (3, 3), depthwise=True, dilation=(2, 2))
        batch.conv((6, 5, channels), 3 * channels, (3, 4), depthwise=True)
    batch.conv((8, 8, 4), 4, (5, 5), depthwise=True, batch=2)
    verify(batch, core)


@EVERY_CORE
def test_extreme_weights(core: str) -> None:
    """Bytes of -8 beside every neighbour, all weights at one end, all zero."""
    batch = Batch(seed=4, weight_type="INT4")
    everything = np.stack(np.meshgrid(np.arange(-8, 8), np.arange(-8, 8)), axis=-1).reshape(16, 1, 1, 32)
    for weights in (everything, np.full((3, 1, 1, 9), -8), np.full((4, 1, 1, 16), 7), np.zeros((2, 1, 1, 5))):
        batch.conv((3, 3, weights.shape[3]), len(weights), weights=weights.astype(np.int8))
    spatial = np.full((5, 3, 3, 3), -8, np.int8)
    batch.conv((4, 5, 3), 5, (3, 3), weights=spatial)
    batch.conv((4, 5, 3), 3, (3, 3), depthwise=True, weights=spatial[:1])
    verify(batch, core)


def constants_bytes(weight_type: str, core: str) -> int:
    """Of a 1x1, a 3x3 convolution and a fully-connected layer."""
    batch = Batch(seed=5, weight_type=weight_type)
    batch.conv((8, 8, 64), 96)
    batch.conv((6, 6, 31), 24, (3, 3), act=RELU)
    batch.fully_connected(1, 255, 12)
    arena = api.compile_graph(api.load_graph(batch.builder.finish()), load_target(core), Goal())
    return sum(layer.table_bytes for layer in arena.schedule.layers)


@EVERY_CORE
def test_constants_take_little_more_than_half(core: str) -> None:
    assert constants_bytes("INT4", core) <= 0.56 * constants_bytes("INT8", core)


def test_a_flash_budget_buys_int8_kernels_where_they_are_faster() -> None:
    batch = Batch(seed=6, weight_type="INT4")
    batch.conv((7, 9, 16), 16, (3, 3), act=RELU)
    (name,) = kernels(batch.verify(flash_budget_bytes=10_000))
    assert name.startswith("te_conv2d_s8_")


def test_four_bits_are_of_constants_only() -> None:
    batch = Batch(weight_type="INT4")
    batch.conv((3, 3, 5), 2)
    graph = api.load_graph(batch.builder.finish())
    (weights,) = [t for op in graph.ops for t in op.inputs if t is not None and t.dtype is DType.INT4]
    assert (weights.elements, weights.nbytes, int(weights.values.min()) >= -8) == (10, 5, True)
    b = batch.builder
    b.output(b.input((1, 4), "INT4", scale=1.0))
    with pytest.raises(Exception, match="only constants are of four bits"):
        api.load_graph(b.finish())


def test_weights_with_a_zero_point() -> None:
    rng = np.random.default_rng(1)
    batch = Batch(weight_type="INT4")
    b = batch.builder
    x = b.input((3, 17), scale=0.1, zero_point=9)
    w = b.const(rng.integers(-8, 8, (4, 17)).astype(np.int8), "INT4", scale=0.02, zero_point=-3)
    y = b.tensor((3, 4), scale=0.3, zero_point=-2)
    b.op("FULLY_CONNECTED", [x, w, None], [y], version=9)
    b.output(y)
    assert_exact(b.finish())
