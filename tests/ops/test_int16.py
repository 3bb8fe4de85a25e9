"""int16 activations (16x8) against TFLM: operators with weights, of either kind of bias."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import assert_exact
from tests.modelgen import ModelBuilder
from tests.ops.cases import ACTIVATIONS, one_op_model, out_size
from tinyengine_tf import api
from tinyengine_tf.errors import UnsupportedError

FILTER_AXIS = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0, "TRANSPOSE_CONV": 0}
BIASES = {
    "CONV_2D": (None, "int64", "int32"),
    "DEPTHWISE_CONV_2D": (None, "int64"),
    "FULLY_CONNECTED": (None, "int64", "int32"),
    "TRANSPOSE_CONV": (None, "int64", "int16"),
}


def weighted_model(
    opcode: str,
    x: tuple[int, ...],
    filters: np.ndarray,
    y: tuple[int, ...],
    *,
    bias: str | None = "int64",
    per_channel: bool = True,
    factor: float = 1.0,
    most_bias: int = 30000,
    seed: int = 0,
    **options: Any,
) -> bytes:
    """A model of one operator with weights, its output scale about what sums need, times `factor`."""
    rng = np.random.default_rng(seed)
    axis = FILTER_AXIS[opcode]
    channels = filters.shape[axis]
    scales = rng.uniform(0.001, 0.05, channels if per_channel else 1).astype(np.float32)
    b = ModelBuilder()
    data = b.input(x, "INT16", scale=0.001)
    w = b.const(filters, scales=list(map(float, scales)), axis=axis)
    inputs = [data, w]
    if opcode == "TRANSPOSE_CONV":
        inputs = [b.const(np.array(y, np.int32)), w, data]
    if bias is not None:
        values = rng.integers(-most_bias, most_bias, channels).astype(bias)
        inputs.append(b.const(values, scale=float(np.float32(0.001 * scales[0]))))
    depth = filters.size // channels
    scale = float(np.float32(0.001 * float(scales.mean()) * 40.0 * depth**0.5 * factor))
    out = b.tensor(y, "INT16", scale=scale)
    b.op(opcode, inputs, [out], **options)
    b.output(out)
    return b.finish()


def random_weights(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.integers(-127, 128, shape).astype(np.int8)


FACTORS = st.sampled_from((0.02, 1.0, 1.0, 1.0, 300.0))


@st.composite
def conv_cases(draw: st.DrawFn, opcode: str) -> bytes:
    size, kernel, stride, dilation = ((draw(st.integers(1, n)), draw(st.integers(1, n))) for n in (8, 4, 3, 3))
    padding = draw(st.sampled_from(("SAME", "VALID")))
    extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    if padding == "VALID":
        size = tuple(max(s, e) for s, e in zip(size, extent, strict=True))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    if opcode == "DEPTHWISE_CONV_2D":
        channels, multiplier = draw(st.integers(1, 5)), draw(st.integers(1, 3))
        shape, more = (1, *kernel, channels * multiplier), {"depth_multiplier": multiplier}
    else:
        groups, per_group = draw(st.sampled_from((1, 1, 2))), draw(st.integers(1, 9))
        channels, more = groups * per_group, {}
        shape = (groups * draw(st.integers(1, 4)), *kernel, per_group)
    x = (draw(st.integers(1, 2)), *size, channels)
    h, w = (out_size(size[i], kernel[i], stride[i], dilation[i], padding) for i in (0, 1))
    return weighted_model(
        opcode,
        x,
        random_weights(rng, shape),
        (x[0], h, w, shape[FILTER_AXIS[opcode]]),
        bias=draw(st.sampled_from(BIASES[opcode])),
        per_channel=draw(st.booleans()),
        factor=draw(FACTORS),
        padding=padding,
        stride_h=stride[0],
        stride_w=stride[1],
        dilation_h_factor=dilation[0],
        dilation_w_factor=dilation[1],
        fused_activation_function=draw(st.sampled_from(ACTIVATIONS)),
        **more,
    )


@settings(max_examples=15, deadline=None)
@given(conv_cases("CONV_2D"))
def test_conv(model: bytes) -> None:
    assert_exact(model, count=2)


@settings(max_examples=15, deadline=None)
@given(conv_cases("DEPTHWISE_CONV_2D"))
def test_depthwise_conv(model: bytes) -> None:
    assert_exact(model, count=2)


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_fully_connected(data: st.DataObject) -> None:
    depth, units, rows = (data.draw(st.integers(1, n)) for n in (40, 9, 3))
    model = weighted_model(
        "FULLY_CONNECTED",
        (rows, depth),
        random_weights(np.random.default_rng(depth), (units, depth)),
        (rows, units),
        bias=data.draw(st.sampled_from(BIASES["FULLY_CONNECTED"])),
        per_channel=data.draw(st.booleans()),
        factor=data.draw(FACTORS),
        fused_activation_function=data.draw(st.sampled_from(ACTIVATIONS)),
    )
    assert_exact(model, count=2)


@settings(max_examples=10, deadline=None)
@given(st.data())
def test_transpose_conv(data: st.DataObject) -> None:
    kernel, stride, size = ((data.draw(st.integers(1, n)), data.draw(st.integers(1, n))) for n in (4, 3, 4))
    padding = data.draw(st.sampled_from(("SAME", "VALID")))
    channels, filters = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 4))
    grown = [n * s if padding == "SAME" else (n - 1) * s + k for n, s, k in zip(size, stride, kernel, strict=True)]
    model = weighted_model(
        "TRANSPOSE_CONV",
        (1, *size, channels),
        random_weights(np.random.default_rng(channels), (filters, *kernel, channels)),
        (1, *grown, filters),
        bias=data.draw(st.sampled_from(BIASES["TRANSPOSE_CONV"])),
        factor=data.draw(FACTORS),
        padding=padding,
        stride_h=stride[0],
        stride_w=stride[1],
    )
    assert_exact(model, count=2)


def extremes(shape: tuple[int, ...], filters: np.ndarray) -> list[list[np.ndarray]]:
    """What makes the largest sums, up and down, of the first filter."""
    row = np.where(filters.reshape(filters.shape[0], -1)[0] < 0, -32768, 32767).astype(np.int16)
    return [[np.broadcast_to(row, shape).copy()], [np.broadcast_to(-1 - row, shape).copy()]]


@pytest.mark.parametrize("depth", [516, 600, 2100])
def test_sums_beyond_32_bits(depth: int) -> None:
    """TFLM sums in 64 bits; so do kernels where the weights do not prove that 32 suffice."""
    filters = np.full((3, depth), 127, np.int8)
    filters[1] = -127
    filters[2, ::2] = 0
    model = weighted_model(
        "FULLY_CONNECTED",
        (2, depth),
        filters,
        (2, 3),
        most_bias=2**40,
        factor=3000.0,
        fused_activation_function="NONE",
    )
    assert_exact(model, extremes((2, depth), filters))


def test_sums_in_32_bits_must_fit() -> None:
    """Beside an int32 bias TFLM's sums have 32 bits: what could leave them is refused."""
    filters = np.full((1, 600), 127, np.int8)
    model = weighted_model("FULLY_CONNECTED", (1, 600), filters, (1, 1), bias="int32", fused_activation_function="NONE")
    with pytest.raises(UnsupportedError, match="stays below 2\\^31"):
        api.load_graph(model)


@pytest.mark.parametrize(("opcode", "bias"), [("DEPTHWISE_CONV_2D", "int32"), ("FULLY_CONNECTED", "int16")])
def test_bias_that_tflm_reads_as_another_type_is_refused(opcode: str, bias: str) -> None:
    depthwise = opcode == "DEPTHWISE_CONV_2D"
    model = weighted_model(
        opcode,
        (1, 3, 3, 2) if depthwise else (1, 4),
        np.ones((1, 1, 1, 2) if depthwise else (2, 4), np.int8),
        (1, 3, 3, 2) if depthwise else (1, 2),
        bias=bias,
        **({"padding": "SAME", "stride_h": 1, "stride_w": 1, "depth_multiplier": 1} if depthwise else {}),
    )
    with pytest.raises(UnsupportedError, match="as TFLM takes it"):
        api.load_graph(model)


@pytest.mark.parametrize("opcode", ["AVERAGE_POOL_2D", "MAX_POOL_2D"])
@settings(max_examples=10, deadline=None)
@given(st.data())
def test_pools(opcode: str, data: st.DataObject) -> None:
    image, kernel, stride = ((data.draw(st.integers(1, n)), data.draw(st.integers(1, n))) for n in (7, 5, 3))
    padding = data.draw(st.sampled_from(("SAME", "VALID")))
    whole = data.draw(st.booleans())
    kernel = image if whole else tuple(min(k, i) for k, i in zip(kernel, image, strict=True))
    padding = "VALID" if whole else padding
    channels = data.draw(st.integers(1, 5))
    out = tuple(out_size(image[i], kernel[i], stride[i], 1, padding) for i in (0, 1))
    model = one_op_model(
        opcode,
        (2, *image, channels),
        (2, *out, channels),
        dtype="INT16",
        quantisation={"scale": data.draw(st.sampled_from((0.0001, 0.0005)))},
        padding=padding,
        stride_h=stride[0],
        stride_w=stride[1],
        filter_height=kernel[0],
        filter_width=kernel[1],
        fused_activation_function=data.draw(st.sampled_from(ACTIVATIONS)),
    )
    assert_exact(model, count=2)
