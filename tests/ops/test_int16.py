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


def unary_model(
    opcode: str, types: tuple[str, str], scales: tuple[float, float], zeros: tuple[int, int] = (0, 0), **options: Any
) -> bytes:
    b = ModelBuilder()
    x = b.input((2, 61), types[0], scale=scales[0], zero_point=zeros[0])
    y = b.tensor((2, 61), types[1], scale=scales[1], zero_point=zeros[1])
    b.op(opcode, [x], [y], **options)
    b.output(y)
    return b.finish()


def across(dtype: str = "INT16") -> list[list[np.ndarray]]:
    """Values over the whole range, and close to zero."""
    info = np.iinfo(dtype.lower())
    limits = (-(2**23), 2**23) if dtype == "INT32" else (info.min, info.max)
    close = np.arange(-61, 61)
    return [[np.linspace(*limits, 122).astype(info.dtype).reshape(2, 61)], [close.astype(info.dtype).reshape(2, 61)]]


@pytest.mark.parametrize("opcode", ["RELU", "RELU6", "LEAKY_RELU", "ABS"])
@pytest.mark.parametrize("scales", [(0.001, 0.001), (0.001, 0.0003), (0.0002, 0.0007), (1.0, 3.1)])
@pytest.mark.parametrize("alpha", [0.1, -0.7, 1.5])
def test_functions_of_one_value(opcode: str, scales: tuple[float, float], alpha: float) -> None:
    if opcode != "LEAKY_RELU" and alpha != 0.1:
        pytest.skip("has no alpha")
    options = {"alpha": alpha} if opcode == "LEAKY_RELU" else {}
    assert_exact(unary_model(opcode, ("INT16", "INT16"), scales, **options), across())


@pytest.mark.parametrize("opcode", ["LOGISTIC", "TANH"])
@pytest.mark.parametrize("scale", [2.0**-12, 2.0**-11, 2.0**-10, 2.0**-13, 0.0003, 1e-6, 0.9, 2.6])
def test_sigmoids(opcode: str, scale: float) -> None:
    assert_exact(unary_model(opcode, ("INT16", "INT16"), (scale, 2.0**-15)), across())


@pytest.mark.parametrize(
    ("types", "zeros"),
    [
        (("INT8", "INT16"), (-3, 0)),
        (("INT8", "INT32"), (7, 0)),
        (("INT16", "INT8"), (0, -5)),
        (("INT16", "INT16"), (0, 0)),
        (("INT16", "INT32"), (0, 0)),
        (("INT32", "INT8"), (0, 9)),
        (("INT32", "INT16"), (0, 0)),
    ],
)
@pytest.mark.parametrize("ratio", [0.003, 0.4, 1.0, 2.7])
def test_requantisation(types: tuple[str, str], zeros: tuple[int, int], ratio: float) -> None:
    assert_exact(unary_model("QUANTIZE", types, (0.01 * ratio, 0.01), zeros), across(types[0]))


@pytest.mark.parametrize("opcode", ["ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE"])
@pytest.mark.parametrize("scales", [(0.001, 0.001, 0.001), (0.001, 0.0004, 0.0021), (0.0001, 0.003, 0.0002)])
@pytest.mark.parametrize("kind", ["both", "channels", "constant"])
def test_two_operands(opcode: str, scales: tuple[float, float, float], kind: str) -> None:
    if opcode in ("MAXIMUM", "MINIMUM"):
        scales = (0.001,) * 3
    b = ModelBuilder()
    x = b.input((1, 3, 4, 5), "INT16", scale=scales[0])
    values = np.random.default_rng(1).integers(-32768, 32768, (5,)).astype(np.int16)
    other = {
        "both": lambda: b.input((1, 3, 4, 5), "INT16", scale=scales[1]),
        "channels": lambda: b.input((1, 1, 1, 5), "INT16", scale=scales[1]),
        "constant": lambda: b.const(values, scale=scales[1]),
    }[kind]()
    y = b.tensor((1, 3, 4, 5), "INT16", scale=scales[2])
    options = {"fused_activation_function": "RELU6"} if opcode in ("ADD", "SUB", "MUL") else {}
    b.op(opcode, [x, other], [y], **options)
    b.output(y)
    ends = [np.int16(e) for e in (-32768, 32767)]
    shapes = [(1, 3, 4, 5), *([(1, 3, 4, 5)] if kind == "both" else [(1, 1, 1, 5)] if kind == "channels" else [])]
    rng = np.random.default_rng(0)
    samples = [[rng.integers(-32768, 32768, s).astype(np.int16) for s in shapes] for _ in range(3)]
    samples += [[np.full(s, e) for s, e in zip(shapes, (a, c), strict=False)] for a in ends for c in ends]
    assert_exact(b.finish(), samples)


@pytest.mark.parametrize("depth", [1, 2, 10, 300])
@pytest.mark.parametrize("scale", [1e-5, 0.0003, 0.01, 1.0])
def test_softmax(depth: int, scale: float) -> None:
    b = ModelBuilder()
    x = b.input((3, depth), "INT16", scale=scale)
    y = b.tensor((3, depth), "INT16", scale=1 / 32768)
    b.op("SOFTMAX", [x], [y], beta=1.0)
    b.output(y)
    rng = np.random.default_rng(0)
    samples = [[rng.integers(-32768, 32768, (3, depth)).astype(np.int16)] for _ in range(4)]
    samples += [[np.full((3, depth), v, np.int16)] for v in (-32768, 0, 32767)]
    samples += [[rng.integers(-300, 300, (3, depth)).astype(np.int16)]]
    assert_exact(b.finish(), samples)


@pytest.mark.parametrize("opcode", ["MEAN", "SUM"])
@pytest.mark.parametrize("axes", [(1, 2), (3,), (1,), (0, 1, 2, 3), (2, 3)])
@pytest.mark.parametrize("factor", [1.0, 0.3, 40.0])
def test_sums(opcode: str, axes: tuple[int, ...], factor: float) -> None:
    shape = (1, 5, 4, 3)
    b = ModelBuilder()
    x = b.input(shape, "INT16", scale=0.001)
    y = b.tensor([1 if i in axes else n for i, n in enumerate(shape)], "INT16", scale=0.001 * factor)
    b.op(opcode, [x, b.const(np.array(axes, np.int32))], [y], keep_dims=True)
    b.output(y)
    ends = [[np.full(shape, e, np.int16)] for e in (-32768, 32767)]
    assert_exact(b.finish(), [[np.random.default_rng(0).integers(-32768, 32768, shape).astype(np.int16)], *ends])


@pytest.mark.parametrize(
    ("x", "y", "out", "adjoint"),
    [
        ((3, 7), (7, 5), (3, 5), (False, False)),
        ((2, 3, 7), (2, 5, 7), (2, 3, 5), (False, True)),
        ((4, 1, 3), (3, 4, 2), (3, 1, 2), (True, False)),
    ],
)
@pytest.mark.parametrize("scale", [0.001, 0.05])
def test_batch_matmul(
    x: tuple[int, ...], y: tuple[int, ...], out: tuple[int, ...], adjoint: tuple[bool, bool], scale: float
) -> None:
    if adjoint[0]:
        x = (1, 4, 1)
    b = ModelBuilder()
    inputs = [b.input(s, "INT16", scale=0.001) for s in (x, y)]
    z = b.tensor(out, "INT16", scale=scale)
    b.op("BATCH_MATMUL", inputs, [z], adj_x=adjoint[0], adj_y=adjoint[1])
    b.output(z)
    rng = np.random.default_rng(0)
    samples = [[rng.integers(-32768, 32768, s).astype(np.int16) for s in (x, y)] for _ in range(2)]
    assert_exact(b.finish(), [*samples, [np.full(s, -32768, np.int16) for s in (x, y)]])
