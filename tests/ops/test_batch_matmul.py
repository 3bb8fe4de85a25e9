"""BATCH_MATMUL against TFLM."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import assert_exact
from tests.modelgen import ModelBuilder
from tests.ops.cases import SCALES, ZERO_POINTS
from tinyengine_tf import api
from tinyengine_tf.errors import UnsupportedError


def matmul_model(
    x_stack: tuple[int, ...],
    y_stack: tuple[int, ...],
    m: int,
    k: int,
    n: int,
    adj_x: bool,
    adj_y: bool,
    *,
    constant: str = "",
    scale: float = 0.05,
    zeros: tuple[int, int, int] = (3, -5, 1),
    dtype: str = "INT8",
) -> bytes:
    rng = np.random.default_rng(m * 100 + n)
    b = ModelBuilder()
    shapes = ((*x_stack, *((k, m) if adj_x else (m, k))), (*y_stack, *((n, k) if adj_y else (k, n))))
    inputs = []
    for name, shape, zero in zip("xy", shapes, zeros[:2], strict=True):
        quantisation = {"scale": scale, "zero_point": zero} if dtype == "INT8" else {}
        if name == constant:
            inputs.append(b.const(rng.integers(-128, 128, shape).astype(np.int8), **quantisation))
        else:
            inputs.append(b.input(shape, dtype, **quantisation))
    out = (*np.broadcast_shapes(x_stack, y_stack), m, n)
    y = b.tensor(out, dtype, **({"scale": scale * 7, "zero_point": zeros[2]} if dtype == "INT8" else {}))
    b.op("BATCH_MATMUL", inputs, [y], adj_x=adj_x, adj_y=adj_y)
    b.output(y)
    return b.finish()


STACKS = st.sampled_from(
    (((), ()), ((2,), (2,)), ((3,), (1,)), ((1,), (3,)), ((2, 3), (2, 3)), ((2, 1), (1, 3)), ((2,), ()), ((), (3,)))
)
DIMS = st.integers(1, 6)


@settings(max_examples=80, deadline=None)
@given(
    STACKS,
    DIMS,
    DIMS,
    DIMS,
    st.booleans(),
    st.booleans(),
    st.sampled_from(("", "", "y", "x")),
    SCALES,
    st.tuples(*[ZERO_POINTS] * 3),
)
def test_batch_matmul(
    stacks: tuple[tuple[int, ...], tuple[int, ...]],
    m: int,
    k: int,
    n: int,
    adj_x: bool,
    adj_y: bool,
    constant: str,
    scale: float,
    zeros: tuple[int, int, int],
) -> None:
    assert_exact(matmul_model(*stacks, m, k, n, adj_x, adj_y, constant=constant, scale=scale, zeros=zeros), count=2)


def test_int32_is_refused_with_the_rule() -> None:
    with pytest.raises(UnsupportedError, match="int8"):
        api.load_graph(matmul_model((), (), 2, 3, 4, False, False, dtype="INT32"))
