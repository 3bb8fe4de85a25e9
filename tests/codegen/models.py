"""Small models for tests of the generated code's form."""

from __future__ import annotations

import numpy as np

from tests.modelgen import ModelBuilder


def small_cnn(seed: int = 0, *, float_edges: bool = False) -> bytes:
    """Conv, depthwise, residual add, mean, fully connected: what a small network is made of."""
    rng = np.random.default_rng(seed)
    b = ModelBuilder("small")

    def weighted(
        opcode: str, x: int, shape: tuple[int, ...], axis: int, out: tuple[int, ...], **options: object
    ) -> int:
        n = shape[axis]
        w = b.const(rng.integers(-127, 128, shape).astype(np.int8), scales=list(rng.uniform(0.002, 0.02, n)), axis=axis)
        bias = b.const(rng.integers(-2000, 2000, n).astype(np.int32))
        y = b.tensor(out, scale=0.06, zero_point=-4)
        if opcode != "FULLY_CONNECTED":
            options |= {"padding": "SAME", "dilation_w_factor": 1, "dilation_h_factor": 1}
        b.op(opcode, [x, w, bias], [y], fused_activation_function="NONE", **options)
        return y

    if float_edges:
        f = b.input((1, 12, 10, 3), "FLOAT32")
        x = b.tensor((1, 12, 10, 3), scale=0.05, zero_point=3)
        b.op("QUANTIZE", [f], [x])
    else:
        x = b.input((1, 12, 10, 3), scale=0.05, zero_point=3)
    x = weighted("CONV_2D", x, (8, 3, 3, 3), 0, (1, 6, 5, 8), stride_w=2, stride_h=2)
    trunk = x
    x = weighted("CONV_2D", x, (16, 1, 1, 8), 0, (1, 6, 5, 16), stride_w=1, stride_h=1)
    x = weighted("DEPTHWISE_CONV_2D", x, (1, 3, 3, 16), 3, (1, 6, 5, 16), stride_w=1, stride_h=1, depth_multiplier=1)
    x = weighted("CONV_2D", x, (8, 1, 1, 16), 0, (1, 6, 5, 8), stride_w=1, stride_h=1)
    y = b.tensor((1, 6, 5, 8), scale=0.07, zero_point=5)
    b.op("ADD", [x, trunk], [y], fused_activation_function="NONE")
    m = b.tensor((1, 8), scale=0.05, zero_point=0)
    b.op("MEAN", [y, b.const(np.array([1, 2], np.int32))], [m], keep_dims=False)
    x = weighted("FULLY_CONNECTED", m, (10, 8), 0, (1, 10), keep_num_dims=False)
    if float_edges:
        f = b.tensor((1, 10), "FLOAT32")
        b.op("DEQUANTIZE", [x], [f])
        x = f
    b.output(x)
    return b.finish()
