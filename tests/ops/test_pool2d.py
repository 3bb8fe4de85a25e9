"""AVERAGE_POOL_2D and MAX_POOL_2D against TFLM."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import assert_exact
from tests.modelgen import ModelBuilder
from tests.ops.cases import ACTIVATIONS, SCALES, ZERO_POINTS, out_size
from tinyengine_tf import api
from tinyengine_tf.errors import UnsupportedError


def pool_model(
    opcode: str,
    image: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: str,
    activation: str = "NONE",
    scale: float = 0.05,
    zero_point: int = 0,
    output_scale: float | None = None,
) -> bytes:
    b = ModelBuilder()
    x = b.input(image, scale=scale, zero_point=zero_point)
    size = [out_size(image[i + 1], kernel[i], stride[i], 1, padding) for i in (0, 1)]
    y = b.tensor((image[0], *size, image[3]), scale=output_scale or scale, zero_point=zero_point)
    b.op(
        opcode,
        [x],
        [y],
        padding=padding,
        filter_height=kernel[0],
        filter_width=kernel[1],
        stride_h=stride[0],
        stride_w=stride[1],
        fused_activation_function=activation,
    )
    b.output(y)
    return b.finish()


@st.composite
def pool_cases(draw: st.DrawFn) -> bytes:
    size, kernel, stride = ((draw(st.integers(1, n)), draw(st.integers(1, n))) for n in (9, 5, 4))
    padding = draw(st.sampled_from(("SAME", "VALID")))
    if padding == "VALID":
        size = tuple(max(s, k) for s, k in zip(size, kernel, strict=True))
    return pool_model(
        draw(st.sampled_from(("AVERAGE_POOL_2D", "MAX_POOL_2D"))),
        (draw(st.integers(1, 2)), *size, draw(st.integers(1, 9))),
        kernel,
        stride,
        padding,
        draw(st.sampled_from(ACTIVATIONS)),
        draw(SCALES),
        draw(ZERO_POINTS),
    )


@settings(max_examples=60, deadline=None)
@given(pool_cases())
def test_pools(model: bytes) -> None:
    assert_exact(model, count=2)


@pytest.mark.parametrize("opcode", ["AVERAGE_POOL_2D", "MAX_POOL_2D"])
def test_global_pool(opcode: str) -> None:
    assert_exact(pool_model(opcode, (1, 7, 7, 33), (7, 7), (7, 7), "VALID"))


def test_requantising_pool_is_refused_with_the_rule() -> None:
    with pytest.raises(UnsupportedError, match="same scale and zero point"):
        api.load_graph(pool_model("MAX_POOL_2D", (1, 4, 4, 1), (2, 2), (2, 2), "VALID", output_scale=0.06))
