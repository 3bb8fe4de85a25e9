"""MEAN, SUM, REDUCE_MAX and REDUCE_MIN against TFLM."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import assert_exact
from tests.ops.cases import SCALES, ZERO_POINTS, int32, one_op_model, quantized, shapes
from tinyengine_tf import api
from tinyengine_tf.errors import UnsupportedError


def reduced(shape: tuple[int, ...], axes: list[int], keep: bool) -> list[int]:
    axes = [a % len(shape) for a in axes]
    return [1 if i in axes else d for i, d in enumerate(shape) if keep or i not in axes]


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from(("MEAN", "SUM")),
    shapes(1, 4, 9),
    st.data(),
    st.booleans(),
    SCALES,
    st.sampled_from((0.01, 0.7, 1.0, 33.0)),
    ZERO_POINTS,
    ZERO_POINTS,
)
def test_mean_and_sum(
    opcode: str,
    shape: tuple[int, ...],
    data: st.DataObject,
    keep: bool,
    scale: float,
    ratio: float,
    zero: int,
    out_zero: int,
) -> None:
    axes = data.draw(st.lists(st.integers(-len(shape), len(shape) - 1), min_size=1, max_size=len(shape)))
    model = one_op_model(
        opcode,
        shape,
        reduced(shape, axes, keep),
        [int32(*axes)],
        keep_dims=keep,
        quantisation=quantized("INT8", scale, zero),
        out_quantisation=quantized("INT8", scale * ratio, out_zero),
    )
    assert_exact(model, count=2)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(("REDUCE_MAX", "REDUCE_MIN")), shapes(1, 4, 5), st.data(), st.booleans())
def test_extremes(opcode: str, shape: tuple[int, ...], data: st.DataObject, keep: bool) -> None:
    axes = data.draw(st.lists(st.integers(-len(shape), len(shape) - 1), min_size=1, max_size=len(shape)))
    assert_exact(one_op_model(opcode, shape, reduced(shape, axes, keep), [int32(*axes)], keep_dims=keep), count=2)


@pytest.mark.parametrize("shape", [(1, 7, 7, 40), (2, 5, 3, 17), (1, 1, 1, 8)])
@pytest.mark.parametrize("same", [True, False])
def test_global_average(shape: tuple[int, ...], same: bool) -> None:
    out = quantized("INT8", 0.05 if same else 0.021, -7 if same else 3)
    model = one_op_model("MEAN", shape, (shape[0], shape[3]), [int32(1, 2)], keep_dims=False, out_quantisation=out)
    assert_exact(model)


def test_requantising_maximum_is_refused_with_the_rule() -> None:
    model = one_op_model(
        "REDUCE_MAX", (2, 3), (2,), [int32(1)], keep_dims=False, out_quantisation=quantized("INT8", 0.06)
    )
    with pytest.raises(UnsupportedError, match="same scale and zero point"):
        api.load_graph(model)
