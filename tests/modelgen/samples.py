"""A few small models that between them use every part of the file format: seeds for fuzzing."""

from __future__ import annotations

from functools import cache

import numpy as np

from tests.modelgen.builder import ModelBuilder


def convolution() -> bytes:
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
    return b.finish()


def odd_types() -> bytes:
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
    return b.finish()


@cache
def samples() -> tuple[bytes, ...]:
    return convolution(), odd_types()
