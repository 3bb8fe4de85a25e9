"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED against TFLM, over their whole attribute space."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import assert_exact
from tests.modelgen import ModelBuilder
from tests.ops.cases import ACTIVATIONS, SCALES, ZERO_POINTS, out_size
from tinyengine_tf import api
from tinyengine_tf.errors import UnsupportedError
from tinyengine_tf.ops.conv2d import Conv2D


def weights(rng: np.random.Generator, shape: tuple[int, ...], int4: bool = False) -> np.ndarray:
    return rng.integers(-7 if int4 else -127, 8 if int4 else 128, shape).astype(np.int8)


def matched_output_scale(input_scale: float, weight_scale: float, depth: int) -> float:
    """An output scale that spreads sums of `depth` products over the int8 range."""
    return float(np.float32(input_scale * weight_scale * 40.0 * depth**0.5))


def conv_model(
    opcode: str,
    image: tuple[int, int, int, int],
    filters: np.ndarray,
    *,
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    padding: str = "SAME",
    activation: str = "NONE",
    input_scale: float = 0.02,
    input_zero: int = -3,
    output_zero: int = 5,
    per_channel: bool = True,
    bias: bool = True,
    dtype: str = "INT8",
    output_factor: float = 1.0,
    seed: int = 0,
) -> bytes:
    """A model of one convolution."""
    rng = np.random.default_rng(seed)
    axis = 3 if opcode == "DEPTHWISE_CONV_2D" else 0
    channels = filters.shape[axis]
    scales = rng.uniform(0.001, 0.05, channels if per_channel else 1).astype(np.float32)
    depth = filters[..., 0].size if axis == 3 else filters[0].size
    b = ModelBuilder()
    x = b.input(image, scale=input_scale, zero_point=input_zero)
    w = b.const(filters, dtype, scales=list(map(float, scales)), axis=axis)
    c = b.const(rng.integers(-3000, 3000, channels).astype(np.int32), scale=1.0) if bias else None
    h, wd = (out_size(image[i + 1], filters.shape[i + 1], stride[i], dilation[i], padding) for i in (0, 1))
    scale = matched_output_scale(input_scale, float(scales.mean()), depth) * output_factor
    y = b.tensor((image[0], h, wd, channels), scale=scale, zero_point=output_zero)
    options: dict[str, Any] = dict(
        padding=padding,
        stride_h=stride[0],
        stride_w=stride[1],
        dilation_h_factor=dilation[0],
        dilation_w_factor=dilation[1],
        fused_activation_function=activation,
    )
    if axis == 3:
        options["depth_multiplier"] = channels // image[3]
    b.op(opcode, [x, w, c] if bias else [x, w], [y], **options)
    b.output(y)
    return b.finish()


@st.composite
def conv_cases(draw: st.DrawFn, depthwise: bool) -> bytes:
    size, kernel, stride, dilation = ((draw(st.integers(1, n)), draw(st.integers(1, n))) for n in (9, 4, 3, 3))
    padding = draw(st.sampled_from(("SAME", "VALID")))
    extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    if padding == "VALID":
        size = tuple(max(s, e) for s, e in zip(size, extent, strict=True))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    int4 = draw(st.booleans())
    if depthwise:
        channels = draw(st.integers(1, 5))
        shape = (1, *kernel, channels * draw(st.integers(1, 3)))
    else:
        groups = draw(st.sampled_from((1, 1, 1, 2, 3)))
        per_group = draw(st.integers(1, 9))
        channels = groups * per_group
        shape = (groups * draw(st.integers(1, 4)), *kernel, per_group)
    return conv_model(
        "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D",
        (draw(st.integers(1, 2)), *size, channels),
        weights(rng, shape, int4),
        stride=stride,
        dilation=dilation,
        padding=padding,
        activation=draw(st.sampled_from(ACTIVATIONS)),
        input_scale=draw(SCALES),
        input_zero=draw(ZERO_POINTS),
        output_zero=draw(ZERO_POINTS),
        per_channel=draw(st.booleans()),
        bias=draw(st.booleans()),
        dtype="INT4" if int4 else "INT8",
        output_factor=draw(st.sampled_from((0.01, 0.3, 1.0, 5.0, 1e4))),
    )


@settings(max_examples=20, deadline=None)
@given(conv_cases(depthwise=False))
def test_conv(model: bytes) -> None:
    assert_exact(model, count=2)


@settings(max_examples=20, deadline=None)
@given(conv_cases(depthwise=True))
def test_depthwise_conv(model: bytes) -> None:
    assert_exact(model, count=2)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.integers(1, 33),
    st.integers(1, 9),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from(ACTIVATIONS),
    SCALES,
    ZERO_POINTS,
    ZERO_POINTS,
    st.integers(0, 99),
)
def test_fully_connected(
    leading: list[int],
    depth: int,
    units: int,
    keep: bool,
    per_channel: bool,
    bias: bool,
    activation: str,
    scale: float,
    input_zero: int,
    output_zero: int,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    b = ModelBuilder()
    x = b.input((*leading, depth), scale=scale, zero_point=input_zero)
    scales = [float(s) for s in rng.uniform(0.001, 0.05, units if per_channel else 1).astype(np.float32)]
    w = b.const(weights(rng, (units, depth)), scales=scales)
    c = b.const(rng.integers(-3000, 3000, units).astype(np.int32), scale=scale * scales[0]) if bias else None
    shape = (*leading, units) if keep else (int(np.prod(leading)), units)
    y = b.tensor(shape, scale=matched_output_scale(scale, scales[0], depth), zero_point=output_zero)
    b.op("FULLY_CONNECTED", [x, w, c], [y], keep_num_dims=keep, fused_activation_function=activation, version=9)
    b.output(y)
    assert_exact(b.finish(), count=2)


@pytest.mark.parametrize("zero_point", [-7, 127])
def test_fully_connected_weights_with_zero_point(zero_point: int) -> None:
    rng = np.random.default_rng(1)
    b = ModelBuilder()
    x = b.input((3, 17), scale=0.1, zero_point=9)
    w = b.const(weights(rng, (4, 17)), scale=0.02, zero_point=zero_point)
    c = b.const(rng.integers(-900, 900, 4).astype(np.int32), scale=0.002)
    y = b.tensor((3, 4), scale=4.0, zero_point=-2)
    b.op("FULLY_CONNECTED", [x, w, c], [y], version=4)
    b.output(y)
    assert_exact(b.finish())


def test_fully_connected_joins_trailing_dimensions() -> None:
    """The input's rows need not be its last dimension: 2x3x4 read as 4 rows of 6."""
    rng = np.random.default_rng(1)
    b = ModelBuilder()
    x = b.input((2, 3, 4), scale=0.1, zero_point=9)
    w = b.const(weights(rng, (5, 6)), scale=0.02)
    y = b.tensor((4, 5), scale=0.5)
    b.op("FULLY_CONNECTED", [x, w, None], [y], version=4)
    b.output(y)
    assert_exact(b.finish())


def test_fully_connected_int4() -> None:
    rng = np.random.default_rng(1)
    b = ModelBuilder()
    x = b.input((2, 15), scale=0.1, zero_point=9)
    w = b.const(weights(rng, (5, 15), int4=True), "INT4", scale=0.02)
    y = b.tensor((2, 5), scale=0.02)
    b.op("FULLY_CONNECTED", [x, w, None], [y], version=9)
    b.output(y)
    assert_exact(b.finish())


def test_a_float_convolution_is_an_operator_of_its_own() -> None:
    """Passes and kernels of int8 never meet it."""
    b = ModelBuilder()
    x = b.input((1, 4, 4, 1), "FLOAT32")
    w = b.const(np.ones((2, 3, 3, 1), np.float32))
    y = b.tensor((1, 4, 4, 2), "FLOAT32")
    b.op("CONV_2D", [x, w], [y], padding="SAME", stride_h=1, stride_w=1)
    b.output(y)
    (op,) = api.load_graph(b.finish()).ops
    assert not isinstance(op, Conv2D)


# Two scales whose product float32 cannot hold, and an output scale that makes -1 a tie but for what float32 loses.
TELLING_SCALES = (1 + 2**-12, 1 + 2**-13, 2 * (1 + 2**-12 + 2**-13))


@pytest.mark.parametrize("opcode", ["FULLY_CONNECTED", "CONV_2D", "BATCH_MATMUL", "TRANSPOSE_CONV"])
def test_scales_are_multiplied_in_double(opcode: str) -> None:
    shape = (1, 1, 1, 1) if "CONV" in opcode else (1, 1)
    b = ModelBuilder()
    x = b.input(shape, scale=TELLING_SCALES[0])
    w = b.const(np.ones(shape, np.int8), scale=TELLING_SCALES[1])
    y = b.tensor(shape, scale=TELLING_SCALES[2])
    size = [b.const(np.ones(4, np.int32))] if opcode == "TRANSPOSE_CONV" else []
    b.op(opcode, [*size, w, x] if size else [x, w], [y], **({"stride_h": 1, "stride_w": 1} if "CONV" in opcode else {}))
    b.output(y)
    assert_exact(b.finish(), [[np.full(shape, -1, np.int8)]])


def test_absurd_scales_are_refused_with_the_rule() -> None:
    with pytest.raises(UnsupportedError, match="2\\^30 times"):
        api.load_graph(conv_model("CONV_2D", (1, 1, 1, 1), np.ones((1, 1, 1, 1), np.int8), output_factor=1e-14))
