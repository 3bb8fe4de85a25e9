"""TRANSPOSE_CONV against TFLM."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import assert_exact
from tests.modelgen import ModelBuilder
from tests.ops.cases import SCALES, ZERO_POINTS


def transpose_conv_model(
    image: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    channels: int,
    padding: str,
    *,
    out: tuple[int, ...] | None = None,
    bias: bool = True,
    per_channel: bool = True,
    activation: str = "NONE",
    scale: float = 0.05,
    zero_point: int = -7,
    out_zero: int = 3,
) -> bytes:
    rng = np.random.default_rng(sum(image))
    if out is None:
        out = tuple(
            d * s if padding == "SAME" else (d - 1) * s + k for d, s, k in zip(image[1:3], stride, kernel, strict=True)
        )
    b = ModelBuilder()
    x = b.input(image, scale=scale, zero_point=zero_point)
    scales = [float(s) for s in rng.uniform(0.001, 0.05, channels if per_channel else 1).astype(np.float32)]
    w = b.const(rng.integers(-127, 128, (channels, *kernel, image[3])).astype(np.int8), scales=scales)
    inputs = [b.const(np.array([image[0], *out, channels], np.int32)), w, x]
    if bias:
        inputs.append(b.const(rng.integers(-3000, 3000, channels).astype(np.int32)))
    y = b.tensor((image[0], *out, channels), scale=scale * 3, zero_point=out_zero)
    b.op(
        "TRANSPOSE_CONV",
        inputs,
        [y],
        padding=padding,
        stride_h=stride[0],
        stride_w=stride[1],
        fused_activation_function=activation,
        version=3,
    )
    b.output(y)
    return b.finish()


PAIR = st.tuples(st.integers(1, 4), st.integers(1, 4))


@settings(max_examples=60, deadline=None)
@given(
    PAIR,
    PAIR,
    PAIR,
    st.integers(1, 2),
    st.integers(1, 5),
    st.integers(1, 4),
    st.sampled_from(("SAME", "VALID")),
    st.booleans(),
    st.booleans(),
    SCALES,
    ZERO_POINTS,
    ZERO_POINTS,
)
def test_transpose_conv(
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    n: int,
    depth: int,
    channels: int,
    padding: str,
    bias: bool,
    per_channel: bool,
    scale: float,
    zero_point: int,
    out_zero: int,
) -> None:
    model = transpose_conv_model(
        (n, *size, depth),
        kernel,
        stride,
        channels,
        padding,
        bias=bias,
        per_channel=per_channel,
        scale=scale,
        zero_point=zero_point,
        out_zero=out_zero,
    )
    assert_exact(model, count=2)


@pytest.mark.parametrize("out", [(5, 7), (6, 6), (4, 8)])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_output_sizes_that_the_stride_does_not_divide(out: tuple[int, int], padding: str) -> None:
    assert_exact(transpose_conv_model((1, 3, 4, 2), (3, 3), (2, 2), 3, padding, out=out))


@pytest.mark.parametrize("activation", ["RELU", "RELU6"])
def test_activation(activation: str) -> None:
    assert_exact(transpose_conv_model((1, 3, 4, 2), (3, 3), (2, 2), 3, "SAME", activation=activation))
