"""float32 operators against TFLM: equal bit for bit, but for the last bits of what a C library computes."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import assert_close, assert_exact
from tests.modelgen import ModelBuilder
from tests.ops.cases import ACTIVATIONS, one_op_model, out_size

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
    assert_close(one_op_model("SOFTMAX", shape, shape, dtype="FLOAT32", beta=beta))
