"""RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR against TFLM."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import assert_exact
from tests.ops.cases import int32, one_op_model
from tinyengine_tf import api
from tinyengine_tf.errors import UnsupportedError

SIZES = st.tuples(st.integers(1, 7), st.integers(1, 7))
LARGER = st.tuples(st.integers(1, 15), st.integers(1, 15))


def resize_model(
    opcode: str, size: tuple[int, int], out: tuple[int, int], flags: str, n: int, c: int, dtype: str = "INT8"
) -> bytes:
    options = {"align_corners": flags == "corners", "half_pixel_centers": flags == "centres"}
    return one_op_model(opcode, (n, *size, c), (n, *out, c), [int32(*out)], dtype=dtype, version=3, **options)


@settings(max_examples=40, deadline=None)
@given(
    SIZES,
    LARGER,
    st.sampled_from(("", "corners", "centres")),
    st.integers(1, 2),
    st.integers(1, 9),
    st.sampled_from(("INT8", "FLOAT32")),
)
def test_nearest(size: tuple[int, int], out: tuple[int, int], flags: str, n: int, c: int, dtype: str) -> None:
    assert_exact(resize_model("RESIZE_NEAREST_NEIGHBOR", size, out, flags, n, c, dtype), count=1)


@settings(max_examples=60, deadline=None)
@given(SIZES, LARGER, st.sampled_from(("", "corners", "centres")), st.integers(1, 2), st.integers(1, 5))
def test_bilinear(size: tuple[int, int], out: tuple[int, int], flags: str, n: int, c: int) -> None:
    assert_exact(resize_model("RESIZE_BILINEAR", size, out, flags, n, c), count=1)


@pytest.mark.parametrize("opcode", ["RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR"])
@pytest.mark.parametrize("flags", ["", "corners", "centres"])
@pytest.mark.parametrize("out", [(10, 10), (5, 5), (96, 77), (3, 2)])
def test_usual_sizes(opcode: str, flags: str, out: tuple[int, int]) -> None:
    assert_exact(resize_model(opcode, (5, 5), out, flags, 1, 8), count=1)


def test_absurd_enlargement_is_refused_with_the_rule() -> None:
    with pytest.raises(UnsupportedError, match="10-bit positions"):
        api.load_graph(resize_model("RESIZE_BILINEAR", (1, 1), (1, 600), "", 1, 1))


def test_two_kinds_of_alignment_are_refused_with_the_rule() -> None:
    model = one_op_model(
        "RESIZE_BILINEAR", (1, 2, 2, 1), (1, 4, 4, 1), [int32(4, 4)], align_corners=True, half_pixel_centers=True
    )
    with pytest.raises(UnsupportedError, match="not both align_corners and half_pixel_centers"):
        api.load_graph(model)
