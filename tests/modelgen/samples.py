"""A few small models that between them use every part of the file format: seeds for fuzzing."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from tests.modelgen.builder import ModelBuilder


def build_convolution() -> ModelBuilder:
    """Per-channel convolution, depthwise, residual add, pooling, fully-connected, softmax."""
    b = ModelBuilder("convolution", description="conv, depthwise, add, pool, fc, softmax")
    rng = np.random.default_rng(1)
    x = b.input((1, 6, 6, 2), scale=0.5, zero_point=-3, name="image")
    y = b.tensor((1, 6, 6, 4), scale=0.25, zero_point=-128, name="stem/Relu")
    weights = rng.integers(-127, 128, (4, 3, 3, 2), np.int8)
    w = b.const(weights, scales=[0.1, 0.2, 0.3, 0.4], axis=0, name="stem/w")
    c = b.const(np.arange(4, dtype=np.int32), scales=[0.05, 0.1, 0.15, 0.2], name="stem/b")
    b.op("CONV_2D", [x, w, c], [y], padding="SAME", stride_w=1, stride_h=1, fused_activation_function="RELU", version=3)
    z = b.tensor((1, 6, 6, 4), scale=0.25, zero_point=7, name="depthwise")
    k = b.const(rng.integers(-127, 128, (1, 3, 3, 4), np.int8), scales=[0.1] * 4, axis=3)
    b.op("DEPTHWISE_CONV_2D", [y, k, None], [z], padding="SAME", stride_w=1, stride_h=1, depth_multiplier=1)
    s = b.tensor((1, 6, 6, 4), scale=0.5, zero_point=1, name="sum")
    b.op("ADD", [y, z], [s], fused_activation_function="NONE", version=2)
    p = b.tensor((1, 1, 1, 4), scale=0.5, zero_point=1)
    b.op("AVERAGE_POOL_2D", [s], [p], padding="VALID", stride_w=6, stride_h=6, filter_width=6, filter_height=6)
    r = b.tensor((1, 4), scale=0.5, zero_point=1)
    b.op("RESHAPE", [p, b.const(np.array([1, 4], np.int32))], [r], new_shape=[1, 4])
    f = b.tensor((1, 3), scale=1.0, zero_point=0)
    b.op("FULLY_CONNECTED", [r, b.const(np.ones((3, 4), np.int8), scale=0.1), None], [f])
    o = b.tensor((1, 3), scale=1 / 256, zero_point=-128, name="probabilities")
    b.op("SOFTMAX", [f], [o], beta=1.0)
    b.output(o)
    return b


def build_odd_types() -> ModelBuilder:
    """Custom operator, INT4, BOOL, 64-bit, float and half constants, a variable, scalars, a code above 127."""
    b = ModelBuilder("odd types")
    x = b.input((2, 3), "FLOAT32", name="x")
    i = b.input((), "INT32", name="scalar")
    v = b.tensor((2, 3), scale=0.1, is_variable=True)
    four = b.const(np.arange(-3, 4), dtype="INT4", scale=0.5)
    flags = b.const(np.array([True, False, True]))
    wide = b.const(np.array([1 << 40], np.int64))
    half = b.const(np.ones(3, np.float16))
    empty = b.const(np.zeros((0,), np.int32))
    y, z = b.tensor((2, 3), "UINT8", scale=0.02, zero_point=128), b.tensor((1,), "INT16", scale=1e-4)
    b.op("CUSTOM:my_op", [x, i, v, four, flags, wide, half, empty], [y, z], custom_options=b"\x01\x02\x03")
    c = b.tensor((1,), "BOOL")
    b.op("CAST", [z], [c], in_data_type="INT16", out_data_type="BOOL")
    g = b.tensor((2, 3), "FLOAT32")
    b.op("GELU", [x], [g], approximate=True, version=2)
    b.output(y, c, g)
    return b


def build_many_operators() -> ModelBuilder:
    """One of nearly every supported kind of operator, in a graph that branches and joins."""
    b = ModelBuilder("many operators")
    q = {"scale": 0.5, "zero_point": 3}

    def one(opcode: str, inputs: list[int | None], shape: tuple[int, ...], dtype: str = "INT8", **options: Any) -> int:
        scaled = {} if dtype in ("FLOAT32", "INT32", "BOOL") else options.pop("quant", q)
        result = b.tensor(shape, dtype, **scaled)
        b.op(opcode, inputs, [result], **options)
        return result

    def list_of(*values: int) -> int:
        return b.const(np.array(values, np.int32))

    x = b.input((1, 4, 4, 2), **q)
    real = b.input((1, 4, 4, 2), "FLOAT32")
    y = one("ADD", [x, one("QUANTIZE", [real], (1, 4, 4, 2))], (1, 4, 4, 2), fused_activation_function="RELU6")
    y = one("PAD", [y, b.const(np.array([[0, 0], [1, 0], [0, 1], [0, 0]], np.int32))], (1, 5, 5, 2))
    window = {"padding": "VALID", "stride_w": 1, "stride_h": 1, "filter_width": 2, "filter_height": 2}
    y = one("MAX_POOL_2D", [y], (1, 4, 4, 2), **window)
    weights = b.const(np.ones((2, 2, 2, 2), np.int8), scale=0.1)
    up = one("TRANSPOSE_CONV", [list_of(1, 8, 8, 2), weights, y], (1, 8, 8, 2), padding="SAME", stride_w=2, stride_h=2)
    down = one("RESIZE_NEAREST_NEIGHBOR", [up, list_of(4, 4)], (1, 4, 4, 2), half_pixel_centers=True)
    down = one("RESIZE_BILINEAR", [down, list_of(4, 4)], (1, 4, 4, 2))
    both = one("CONCATENATION", [y, down], (1, 4, 4, 4), axis=3)
    left, right = b.tensor((1, 4, 4, 2), **q), b.tensor((1, 4, 4, 2), **q)
    b.op("SPLIT", [b.const(np.array(3, np.int32)), both], [left, right], num_splits=2)
    product = one(
        "MUL",
        [left, one("LOGISTIC", [right], (1, 4, 4, 2), quant={"scale": 1 / 256, "zero_point": -128})],
        (1, 4, 4, 2),
    )
    leaky = one("LEAKY_RELU", [product], (1, 4, 4, 2), alpha=0.1)
    bent = one("PRELU", [leaky, b.const(np.array([[[1, -1]]], np.int8), scale=0.1)], (1, 4, 4, 2))
    turned = one("TRANSPOSE", [bent, list_of(0, 2, 1, 3)], (1, 4, 4, 2))
    begin, size = list_of(0, 1, 0, 0), list_of(1, 2, -1, 2)
    cut = one("SLICE", [turned, begin, size], (1, 2, 4, 2))
    step = one("STRIDED_SLICE", [cut, list_of(0, 0, 3, 0), list_of(1, 2, 0, 2), list_of(1, 1, -1, 1)], (1, 2, 3, 2))
    flat = one("RESHAPE", [step, list_of(2, 6)], (2, 6), new_shape=[2, 6])
    square = one("BATCH_MATMUL", [flat, flat], (2, 2), adj_y=True)
    mean = one("MEAN", [turned, list_of(1, 2)], (1, 2), keep_dims=False)
    rows = one("PACK", [mean, mean], (2, 1, 2), values_count=2, axis=0)
    least = one("MINIMUM", [one("SQUEEZE", [rows], (2, 2), squeeze_dims=[1]), square], (2, 2))
    best = one("ARG_MAX", [least, b.const(np.array(1, np.int32))], (2,), "INT32", output_type="INT32")
    b.output(best, one("CAST", [best], (2,), "FLOAT32", in_data_type="INT32", out_data_type="FLOAT32"))
    b.output(one("DEQUANTIZE", [least], (2, 2), "FLOAT32"))
    return b


BUILDERS = (build_convolution, build_odd_types, build_many_operators)


def convolution() -> bytes:
    return build_convolution().finish()


def odd_types() -> bytes:
    return build_odd_types().finish()


def many_operators() -> bytes:
    return build_many_operators().finish()


@cache
def samples() -> tuple[bytes, ...]:
    return convolution(), odd_types(), many_operators()
