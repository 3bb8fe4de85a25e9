"""Draws of operators that compute: each reads values that exist, or does nothing where none fits."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.graphs.registry import draw
from tests.graphs.values import MAX_ELEMENTS, GraphBuilder, Shape, Value

ACTIVATIONS = ("NONE", "NONE", "RELU", "RELU6", "RELU_N1_TO_1")
FIXED = {
    "LOGISTIC": (1 / 256, -128),
    "TANH": (1 / 128, 0),
    "SOFTMAX": (1 / 256, -128),
    "LOG_SOFTMAX": (1 / 16, 127),
    "L2_NORMALIZATION": (1 / 128, 0),
}


def unary(g: GraphBuilder, x: Value, opcode: str, **options: Any) -> Value:
    fixed = FIXED.get(opcode)
    like = x if opcode in ("RELU", "RELU6") and g.chance(0.6) else None
    return g.emit(opcode, [x], [x.shape], like, quantisation=fixed, **options)[0]


def window(g: GraphBuilder, size: int, kernel: int, stride: int, dilation: int, same: bool) -> int:
    extent = (kernel - 1) * dilation + 1
    return -(-size // stride) if same else (size - extent) // stride + 1


def placed(
    g: GraphBuilder, image: tuple[int, int], dilated: bool
) -> tuple[dict[str, Any], tuple[int, int], tuple[int, int]] | None:
    """(options, kernel, output rows and columns) of a window that fits the image."""
    kernel, stride = (g.pick(1, 4), g.pick(1, 4)), (g.pick(1, 3), g.pick(1, 3))
    dilation = (g.pick(1, 3), g.pick(1, 2)) if dilated and g.chance(0.3) else (1, 1)
    same = g.chance(0.6)
    if not same and any((k - 1) * d + 1 > n for k, d, n in zip(kernel, dilation, image, strict=True)):
        return None
    h, w = (window(g, *each, same) for each in zip(image, kernel, stride, dilation, strict=True))
    options = {"padding": "SAME" if same else "VALID", "stride_h": stride[0], "stride_w": stride[1]}
    if dilated:
        options |= {"dilation_h_factor": dilation[0], "dilation_w_factor": dilation[1]}
    return options, kernel, (h, w)


def filters(
    g: GraphBuilder, x: Value, shape: Shape, axis: int, taps: int, int4: bool = True
) -> tuple[int, list[int], tuple[float, int]]:
    """(weights, bias or nothing, output quantisation) that use most of the int8 range, per channel or per tensor.

    Weights may have four bits: TFLM has no such fully-connected layers with several scales, or transposed convolutions.
    """
    out = shape[axis]
    scales = [g.scale() for _ in range(out)] if g.chance(0.7) else [g.scale()]
    if not g.extreme:
        scales = [float(np.float32(0.01 * g.rng.uniform(0.5, 2))) for _ in scales]
    drawn = g.int4_weights if int4 and (len(shape) == 4 or len(scales) == 1) and g.chance(0.25) else g.weights
    weights = drawn(shape, scales=scales, axis=axis) if len(scales) > 1 else drawn(shape, scale=scales[0])
    bias_scale = float(np.float32(x.scale * scales[0]))
    values = g.numbers.integers(-3000, 3000, out).astype(np.int32)
    bias = [g.constant(values, scale=bias_scale)] if g.chance(0.8) else []
    scale = g.scale() if g.extreme else x.scale * 0.01 * 75 * taps**0.5 * g.rng.uniform(0.5, 2)
    return weights, bias, (float(np.float32(scale)), g.zero_point())


@draw(3)
def conv(g: GraphBuilder) -> None:
    x = g.some(4)
    found = x and placed(g, x.shape[1:3], dilated=True)
    if not x or not found:
        return
    options, kernel, (h, w) = found
    groups = g.rng.choice([n for n in (1, 1, 2, 4) if x.shape[3] % n == 0])
    out = groups * g.pick(1, 4)
    weights, bias, quantisation = filters(
        g, x, (out, *kernel, x.shape[3] // groups), 0, kernel[0] * kernel[1] * x.shape[3] // groups
    )
    g.emit(
        "CONV_2D",
        [x, weights, *bias],
        [(x.shape[0], h, w, out)],
        quantisation=quantisation,
        fused_activation_function=g.rng.choice(ACTIVATIONS),
        **options,
    )


@draw(2)
def depthwise(g: GraphBuilder) -> None:
    x = g.some(4)
    found = x and placed(g, x.shape[1:3], dilated=True)
    if not x or not found:
        return
    options, kernel, (h, w) = found
    multiplier = g.rng.choice((1, 1, 1, 2, 3))
    weights, bias, quantisation = filters(g, x, (1, *kernel, x.shape[3] * multiplier), 3, kernel[0] * kernel[1])
    g.emit(
        "DEPTHWISE_CONV_2D",
        [x, weights, *bias],
        [(x.shape[0], h, w, x.shape[3] * multiplier)],
        quantisation=quantisation,
        depth_multiplier=multiplier,
        fused_activation_function=g.rng.choice(ACTIVATIONS),
        **options,
    )


@draw()
def transpose_conv(g: GraphBuilder) -> None:
    x = g.some(4)
    if not x:
        return
    kernel, stride, same, out = (g.pick(1, 4), g.pick(1, 4)), (g.pick(1, 3), g.pick(1, 2)), g.chance(0.5), g.pick(1, 4)
    h, w = (n * s if same else (n - 1) * s + max(k, s) for n, k, s in zip(x.shape[1:3], kernel, stride, strict=True))
    if h * w * out > MAX_ELEMENTS:
        return
    weights, bias, quantisation = filters(
        g, x, (out, *kernel, x.shape[3]), 0, kernel[0] * kernel[1] * x.shape[3], int4=False
    )
    shape = (x.shape[0], h, w, out)
    g.emit(
        "TRANSPOSE_CONV",
        [g.constant(shape), weights, x, *bias],
        [shape],
        quantisation=quantisation,
        padding="SAME" if same else "VALID",
        stride_h=stride[0],
        stride_w=stride[1],
    )


@draw()
def fully_connected(g: GraphBuilder) -> None:
    x = g.some(2, 3)
    if not x or x.shape[-1] > 200:
        return
    out = g.pick(1, 12)
    weights, bias, quantisation = filters(g, x, (out, x.shape[-1]), 0, x.shape[-1])
    keep = len(x.shape) == 3
    g.emit(
        "FULLY_CONNECTED",
        [x, weights, *bias],
        [(*x.shape[:-1], out)],
        quantisation=quantisation,
        keep_num_dims=keep,
        fused_activation_function=g.rng.choice(ACTIVATIONS),
        version=4,
    )


@draw(4)
def binary(g: GraphBuilder) -> None:
    """With another value that broadcasts, itself, or a constant; either way round."""
    x = g.some()
    opcode = g.rng.choice(("ADD", "ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "PRELU", "SQUARED_DIFFERENCE"))
    if not x:
        return
    partners = [v for v in g.values if _broadcast(x.shape, v.shape)]
    other: Value | int = g.rng.choice(partners)
    shape, like = _broadcast(x.shape, other.shape), None
    if g.chance(0.25) or opcode == "PRELU":
        small = tuple(g.rng.choice((1, n)) for n in x.shape[g.pick(0, len(x.shape)) :])
        other, shape = g.weights(small, scale=g.scale(), zero_point=g.zero_point()), x.shape
    operands = [x, other] if g.chance(0.5) else [other, x]
    operands = [x, other] if opcode == "PRELU" else operands
    options = {"fused_activation_function": g.rng.choice(ACTIVATIONS)} if opcode in ("ADD", "SUB", "MUL") else {}
    g.emit(opcode, operands, [shape], like, **options)  # type: ignore[list-item]


@draw()
def selection(g: GraphBuilder) -> None:
    """tf.where(a < b, a, c), or with the condition's opposite."""
    x = g.some()
    if not x:
        return
    other, third = (g.rng.choice([v for v in g.values if _broadcast(x.shape, v.shape)]) for _ in "ab")
    compared = _broadcast(x.shape, other.shape)
    shape = compared and _broadcast(compared, third.shape)
    if not compared or not shape:
        return
    condition = g.model.tensor(compared, "BOOL")
    g.model.op(g.rng.choice(("LESS", "GREATER_EQUAL", "EQUAL")), [g.read(x), g.read(other)], [condition])
    if g.chance(0.5):
        opposite = g.model.tensor(compared, "BOOL")
        g.model.op("LOGICAL_NOT", [condition], [opposite])
        condition = opposite
    g.emit("SELECT_V2", [condition, x, third], [shape])


def _broadcast(a: Shape, b: Shape) -> Shape | None:
    if len(a) != len(b) or not all(m == n or 1 in (m, n) for m, n in zip(a, b, strict=True)):
        return None
    shape = tuple(map(max, a, b))
    return shape if np.prod(shape) <= MAX_ELEMENTS else None


@draw()
def pool(g: GraphBuilder) -> None:
    x = g.some(4)
    found = x and placed(g, x.shape[1:3], dilated=False)
    if not x or not found:
        return
    options, kernel, (h, w) = found
    g.emit(
        g.rng.choice(("MAX_POOL_2D", "AVERAGE_POOL_2D")),
        [x],
        [(x.shape[0], h, w, x.shape[3])],
        x,
        filter_height=kernel[0],
        filter_width=kernel[1],
        fused_activation_function=g.rng.choice(ACTIVATIONS),
        **options,
    )


@draw()
def reduce(g: GraphBuilder) -> None:
    x, opcode = g.some(2, 3, 4), g.rng.choice(("MEAN", "MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"))
    if not x:
        return
    axes = sorted(g.rng.sample(range(len(x.shape)), g.pick(1, len(x.shape) - 1)))
    keep = g.chance(0.5)
    shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape) if keep or i not in axes)
    g.emit(opcode, [x, g.constant(axes)], [shape], x if opcode.startswith("REDUCE") else None, keep_dims=keep)


@draw(2)
def activation(g: GraphBuilder) -> None:
    x = g.some()
    opcode = g.rng.choice(("RELU", "RELU6", "LEAKY_RELU", "ELU", "ABS", "HARD_SWISH", "QUANTIZE", *FIXED))
    if x and len(x.shape) <= 4:
        unary(
            g,
            x,
            opcode,
            **{"LEAKY_RELU": {"alpha": g.rng.choice((0.1, 0.5, 1.5, -0.2))}, "SOFTMAX": {"beta": 1.0}}.get(opcode, {}),
        )


@draw()
def in_floats(g: GraphBuilder) -> None:
    """DEQUANTIZE, a function, QUANTIZE: what exporters cannot quantise. Beyond 2^31 steps C defines nothing."""
    x = g.some(1, 2, 3, 4)
    if not x or g.extreme:
        return
    real, result = g.model.tensor(x.shape, "FLOAT32"), g.model.tensor(x.shape, "FLOAT32")
    g.model.op("DEQUANTIZE", [g.read(x)], [real])
    g.model.op(g.rng.choice(("ELU", "SQUARE", "NEG", "ABS")), [real], [result])
    g.emit("QUANTIZE", [result], [x.shape])


@draw()
def resize(g: GraphBuilder) -> None:
    x, opcode = g.some(4), g.rng.choice(("RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR"))
    if not x:
        return
    h, w = g.pick(1, 9), g.pick(1, 9)
    mode = g.rng.choice(({}, {"half_pixel_centers": True}, {"align_corners": True}))
    if h * w * x.shape[3] * x.shape[0] <= MAX_ELEMENTS:
        g.emit(opcode, [x, g.constant([h, w])], [(x.shape[0], h, w, x.shape[3])], x, **mode)


@draw()
def batch_matmul(g: GraphBuilder) -> None:
    x = g.some(3, 4)
    if not x or x.shape[-1] > 60 or x.shape[-2] > 60:
        return
    if g.chance(0.4):
        g.emit("BATCH_MATMUL", [x, x], [(*x.shape[:-1], x.shape[-2])], adj_y=True)
        return
    out = g.pick(1, 6)
    other = g.weights((*x.shape[:-2], x.shape[-1], out), scale=g.scale(), zero_point=0)
    g.emit("BATCH_MATMUL", [x, other], [(*x.shape[:-1], out)])


@draw()
def index(g: GraphBuilder) -> None:
    """ARG_MAX or ARG_MIN, perhaps cast to another type: an output, since little reads int32."""
    x = g.some(2, 3, 4)
    if not x or not g.chance(0.5):
        return
    axis = g.pick(0, len(x.shape) - 1)
    shape = x.shape[:axis] + x.shape[axis + 1 :]
    result = g.model.tensor(shape, "INT32")
    g.model.op(g.rng.choice(("ARG_MAX", "ARG_MIN")), [g.read(x), g.constant([axis])], [result], output_type="INT32")
    if g.chance(0.5):
        real = g.model.tensor(shape, "FLOAT32")
        g.model.op("CAST", [result], [real], in_data_type="INT32", out_data_type="FLOAT32")
        result = real
    g.model.output(result)
