"""ADD_N and CUMSUM, equal to TFLM bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import assert_exact
from tests.modelgen.builder import ModelBuilder
from tests.ops.cases import int32
from tinyengine_tf import api
from tinyengine_tf.errors import UnsupportedError

QUANTISATIONS = st.tuples(st.floats(2.0**-10, 4.0, width=32), st.integers(-128, 127))


def add_n(
    count: int,
    shape: tuple[int, ...],
    x: tuple[float, int] = (0.1, 3),
    y: tuple[float, int] = (0.2, -5),
    constant: int = -1,
) -> bytes:
    b = ModelBuilder("add_n")
    rng = np.random.default_rng(count)
    quantised: dict[str, Any] = {"scale": x[0], "zero_point": x[1]}
    inputs = [
        b.const(rng.integers(-128, 128, shape).astype(np.int8), **quantised)
        if i == constant
        else b.input(shape, **quantised)
        for i in range(count)
    ]
    out = b.tensor(shape, scale=y[0], zero_point=y[1])
    b.op("ADD_N", inputs, [out])
    b.output(out)
    return b.finish()


def cumsum(
    shape: tuple[int, ...],
    axis: int,
    x: tuple[float, int] = (0.1, 3),
    y: tuple[float, int] = (0.2, -5),
    **options: bool,
) -> bytes:
    b = ModelBuilder("cumsum")
    inputs = [b.input(shape, scale=x[0], zero_point=x[1]), b.const(int32(axis).reshape(()))]
    out = b.tensor(shape, scale=y[0], zero_point=y[1])
    b.op("CUMSUM", inputs, [out], **options)
    b.output(out)
    return b.finish()


@settings(max_examples=12, deadline=None)
@given(st.integers(2, 7), QUANTISATIONS, QUANTISATIONS)
def test_add_n(count: int, x: tuple[float, int], y: tuple[float, int]) -> None:
    assert_exact(add_n(count, (1, 5, 3, 4), x, y))


@pytest.mark.parametrize("constant", [0, 1, 2])
def test_add_n_of_constants(constant: int) -> None:
    assert_exact(add_n(3, (2, 7), constant=constant))


def test_add_n_in_place() -> None:
    assert assert_exact(add_n(3, (1, 64))).arena.arena_bytes == 192


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.integers(1, 7), min_size=1, max_size=4),
    st.integers(-4, 3),
    QUANTISATIONS,
    QUANTISATIONS,
    st.booleans(),
    st.booleans(),
)
def test_cumsum(
    shape: list[int], axis: int, x: tuple[float, int], y: tuple[float, int], exclusive: bool, reverse: bool
) -> None:
    axis = max(-len(shape), min(axis, len(shape) - 1))
    host = assert_exact(cumsum(tuple(shape), axis, x, y, exclusive=exclusive, reverse=reverse))
    assert host.arena.arena_bytes <= int(np.prod(shape)) + 4


@pytest.mark.parametrize("exclusive", [False, True])
def test_float32(exclusive: bool) -> None:
    """As TensorFlow's converter leaves both: in order, from 0, also what is infinite or minus zero."""
    b = ModelBuilder("floats")
    x, y, w = (b.input((2, 9), "FLOAT32") for _ in range(3))
    total, sums = b.tensor((2, 9), "FLOAT32"), b.tensor((2, 9), "FLOAT32")
    b.op("ADD_N", [x, y, w], [total])
    b.op("CUMSUM", [total, b.const(int32(1).reshape(()))], [sums], exclusive=exclusive, reverse=exclusive)
    b.output(total, sums)
    odd = np.resize(np.array([-0.0, 1e-45, 3e38, 3e38, 6.5, -1.5, 1e-8], np.float32), (2, 9))
    assert_exact(b.finish(), [[odd, odd[:, ::-1], np.full((2, 9), -0.0, np.float32)]])
    assert_exact(b.finish())


@pytest.mark.parametrize("zero_point, most", [(0, 31), (-128, 15)])
def test_longest(zero_point: int, most: int) -> None:
    """TFLM's sums overflow beyond; constant extremes are among the samples."""
    assert_exact(cumsum((1, most), 1, (0.1, zero_point), (1.0, 0)))
    with pytest.raises(UnsupportedError, match="within 4095"):
        api.load_graph(cumsum((1, most + 1), 1, (0.1, zero_point), (1.0, 0)))


def test_refused() -> None:
    with pytest.raises(UnsupportedError, match="below 2\\^18"):
        api.load_graph(add_n(2, (3,), (2.0**10, 0), (2.0**-9, 0)))
