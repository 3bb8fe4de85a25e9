"""float32 operators against TFLM: equal bit for bit, but for the last bits of what a C library computes."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import assert_exact
from tests.modelgen import ModelBuilder
from tests.ops.cases import ACTIVATIONS, int32, one_op_model, out_size
from tests.ops.recurrent import UNIFORM

PADDINGS = st.sampled_from(("SAME", "VALID"))


def floats(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 1.0, shape).astype(np.float32)


@st.composite
def geometry(draw: st.DrawFn, dilated: bool = True) -> tuple[dict[str, Any], tuple[int, int], list[int], list[int]]:
    """(options, kernel, image, output) of a window."""
    kernel, stride, dilation = (tuple(draw(st.integers(1, n)) for _ in "hw") for n in (4, 3, 3 if dilated else 1))
    padding = draw(PADDINGS)
    least = [(k - 1) * d + 1 if padding == "VALID" else 1 for k, d in zip(kernel, dilation, strict=True)]
    image = [draw(st.integers(n, n + 6)) for n in least]
    out = [out_size(*s, padding) for s in zip(image, kernel, stride, dilation, strict=True)]
    options = dict(padding=padding, stride_h=stride[0], stride_w=stride[1])
    if dilated:
        options |= dict(dilation_h_factor=dilation[0], dilation_w_factor=dilation[1])
    return options, kernel, image, out


def weighted(opcode: str, x: Any, y: Any, w: Any, bias: int, seed: int, **options: Any) -> bytes:
    b = ModelBuilder()
    inputs = [b.input(x, "FLOAT32"), b.const(floats(seed, *w))]
    inputs += [b.const(floats(seed + 1, bias))] if bias else []
    out = b.tensor(y, "FLOAT32")
    b.op(opcode, inputs, [out], **options)
    b.output(out)
    return b.finish()


@settings(max_examples=25, deadline=None)
@given(geometry(), st.data())
def test_conv_2d(window: Any, data: st.DataObject) -> None:
    options, kernel, image, out = window
    draw = lambda n: data.draw(st.integers(1, n))  # noqa: E731
    groups, batch, seed = draw(3), draw(2), draw(10**6)
    channels, filters = groups * draw(4), groups * draw(3)
    assert_exact(
        weighted(
            "CONV_2D",
            (batch, *image, channels),
            (batch, *out, filters),
            (filters, *kernel, channels // groups),
            filters * data.draw(st.booleans()),
            seed,
            fused_activation_function=data.draw(st.sampled_from(ACTIVATIONS)),
            **options,
        )
    )


@settings(max_examples=20, deadline=None)
@given(geometry(), st.data())
def test_depthwise_conv_2d(window: Any, data: st.DataObject) -> None:
    options, kernel, image, out = window
    draw = lambda n: data.draw(st.integers(1, n))  # noqa: E731
    channels, multiplier, batch, seed = draw(5), draw(3), draw(2), draw(10**6)
    filters = channels * multiplier
    assert_exact(
        weighted(
            "DEPTHWISE_CONV_2D",
            (batch, *image, channels),
            (batch, *out, filters),
            (1, *kernel, filters),
            filters * data.draw(st.booleans()),
            seed,
            depth_multiplier=multiplier,
            fused_activation_function=data.draw(st.sampled_from(ACTIVATIONS)),
            **options,
        )
    )


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 4), st.integers(1, 70), st.integers(1, 9), st.sampled_from(ACTIVATIONS), st.booleans())
def test_fully_connected(rows: int, depth: int, filters: int, activation: str, biased: bool) -> None:
    shapes = (rows, depth), (rows, filters), (filters, depth)
    assert_exact(
        weighted("FULLY_CONNECTED", *shapes, filters * biased, rows, fused_activation_function=activation, version=4)
    )


@settings(max_examples=20, deadline=None)
@given(geometry(dilated=False), st.sampled_from(("AVERAGE_POOL_2D", "MAX_POOL_2D")), st.sampled_from(ACTIVATIONS))
def test_pools(window: Any, opcode: str, activation: str) -> None:
    options, kernel, image, out = window
    options |= dict(filter_height=kernel[0], filter_width=kernel[1], fused_activation_function=activation)
    assert_exact(one_op_model(opcode, (2, *image, 3), (2, *out, 3), dtype="FLOAT32", **options))


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(1, 7), min_size=1, max_size=4), st.sampled_from((1.0, 0.3, 2.0)))
def test_softmax(shape: list[int], beta: float) -> None:
    assert_exact(one_op_model("SOFTMAX", shape, shape, dtype="FLOAT32", beta=beta))


REDUCTIONS = st.sampled_from(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"))


@settings(max_examples=25, deadline=None)
@given(REDUCTIONS, st.lists(st.integers(1, 6), min_size=2, max_size=4), st.booleans(), st.data())
def test_reductions(opcode: str, shape: list[int], keep: bool, data: st.DataObject) -> None:
    axes = data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1))
    axes = {1, 2} if len(shape) == 4 and data.draw(st.booleans()) else axes
    out = [1 if i in axes else n for i, n in enumerate(shape) if keep or i not in axes]
    assert_exact(one_op_model(opcode, shape, out, [int32(*sorted(axes))], dtype="FLOAT32", keep_dims=keep))


def test_global_average_pool_by_rows() -> None:
    options = dict(padding="VALID", filter_height=5, filter_width=6, stride_h=1, stride_w=1)
    options["fused_activation_function"] = "RELU"
    host = assert_exact(one_op_model("AVERAGE_POOL_2D", (1, 5, 6, 7), (1, 1, 1, 7), dtype="FLOAT32", **options))
    assert host.arena.schedule.layers[0].kernel.name == "te_average_pool_2d_f32_global"


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 4)), min_size=2, max_size=2), PADDINGS, st.data())
def test_transpose_conv(sides: list[tuple[int, int]], padding: str, data: st.DataObject) -> None:
    kernel, stride = zip(*sides, strict=True)
    draw = lambda n: data.draw(st.integers(1, n))  # noqa: E731
    image, channels, filters = (draw(5), draw(5)), draw(4), draw(4)
    size = [i * s + (0 if padding == "SAME" else max(k - s, 0)) for i, s, k in zip(image, stride, kernel, strict=True)]
    b = ModelBuilder()
    inputs = [b.const(int32(2, *size, filters)), b.const(floats(draw(99), filters, *kernel, channels))]
    inputs.append(b.input((2, *image, channels), "FLOAT32"))
    inputs += [b.const(floats(7, filters))] if data.draw(st.booleans()) else []
    y = b.tensor((2, *size, filters), "FLOAT32")
    activation = data.draw(st.sampled_from(ACTIVATIONS))
    options = dict(padding=padding, stride_h=stride[0], stride_w=stride[1], fused_activation_function=activation)
    b.op("TRANSPOSE_CONV", inputs, [y], version=3, **options)
    b.output(y)
    assert_exact(b.finish())


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=3, max_size=3), st.booleans(), st.booleans(), st.booleans())
def test_batch_matmul(sizes: list[int], adjoint_x: bool, adjoint_y: bool, constant: bool) -> None:
    m, k, n = sizes
    b = ModelBuilder()
    x = b.input((2, *((k, m) if adjoint_x else (m, k))), "FLOAT32")
    shape = (2, *((n, k) if adjoint_y else (k, n)))
    z, y = b.const(floats(3, *shape)) if constant else b.input(shape, "FLOAT32"), b.tensor((2, m, n), "FLOAT32")
    b.op("BATCH_MATMUL", [x, z], [y], adj_x=adjoint_x, adj_y=adjoint_y)
    b.output(y)
    assert_exact(b.finish())


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_l2_normalization(shape: list[int]) -> None:
    model = one_op_model("L2_NORMALIZATION", shape, shape, dtype="FLOAT32", fused_activation_function="NONE")
    samples = [[floats(0, *shape)], [floats(1, *shape) * np.float32(1e-9)], [np.zeros(shape, np.float32)]]
    assert_exact(model, samples)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=4, max_size=4), st.sampled_from(((0, 0), (0, 1), (1, 0))))
def test_resize_bilinear(sides: list[int], mode: tuple[int, int]) -> None:
    image, size = sides[:2], sides[2:]
    options = dict(align_corners=bool(mode[0]), half_pixel_centers=bool(mode[1]))
    model = one_op_model(
        "RESIZE_BILINEAR", (2, *image, 3), (2, *size, 3), [int32(*size)], dtype="FLOAT32", version=3, **options
    )
    assert_exact(model)


BINARY = ("ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "PRELU", "SQUARED_DIFFERENCE")


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(BINARY), st.lists(st.integers(1, 4), min_size=4, max_size=4), st.data())
def test_two_operands(opcode: str, shape: list[int], data: st.DataObject) -> None:
    other = [data.draw(st.sampled_from((1, n))) for n in shape]
    b = ModelBuilder()
    x, y = b.input(shape, "FLOAT32"), b.tensor(shape, "FLOAT32")
    z = b.const(floats(5, *other)) if data.draw(st.booleans()) else b.input(other, "FLOAT32")
    activation = data.draw(st.sampled_from(ACTIVATIONS))
    options = {"fused_activation_function": activation} if opcode in ("ADD", "SUB", "MUL", "DIV") else {}
    b.op(opcode, [x, z], [y], **options)
    b.output(y)
    assert_exact(b.finish())


def lstm(steps: int, features: int, units: int, time_major: bool, clip: float) -> bytes:
    b = ModelBuilder()
    shape = (steps, 2) if time_major else (2, steps)
    x = b.input((*shape, features), "FLOAT32")
    weights = [b.const(floats(i, units, features if i < 4 else units)) for i in range(8)]
    biases = [b.const(floats(20 + i, units)) for i in range(4)]
    states = [b.tensor((2, units), "FLOAT32", is_variable=True) for _ in range(2)]
    y = b.tensor((*shape, units), "FLOAT32")
    inputs = [x, *weights, None, None, None, *biases, None, None, *states, None, None, None, None]
    options = UNIFORM | {"cell_clip": clip, "time_major": time_major}
    b.op("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [y], **options)
    b.output(y)
    return b.finish()


@settings(max_examples=6, deadline=None)
@given(*[st.integers(1, 7) for _ in range(3)], st.booleans(), st.sampled_from((0.0, 0.4)))
def test_lstm(steps: int, features: int, units: int, time_major: bool, clip: float) -> None:
    assert_exact(lstm(steps, features, units, time_major, clip))
