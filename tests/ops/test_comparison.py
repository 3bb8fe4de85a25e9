"""Comparisons, LOGICAL_AND, OR and NOT, and SELECT_V2, equal to TFLM bit for bit."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import assert_exact
from tests.modelgen.builder import ModelBuilder
from tinyengine_tf import api
from tinyengine_tf.errors import UnsupportedError
from tinyengine_tf.ops.broadcast import broadcast_shape
from tinyengine_tf.ops.comparison import EQUALITY, FUNCTIONS, LOGICAL, ORDER

Shape = tuple[int, ...]
COMPARISONS = (*EQUALITY, *ORDER)
SHAPES: list[tuple[Shape, Shape]] = [
    ((1, 5, 3, 4), (1, 5, 3, 4)),
    ((1, 5, 3, 4), (4,)),
    ((1, 5, 3, 4), ()),
    ((1, 5, 1, 4), (1, 1, 3, 1)),
    ((2, 1, 3), (2, 4, 3)),
    ((), ()),
]


def values(rng: np.random.Generator, dtype: str, shape: Shape) -> np.ndarray:
    """Few different ones, so that some are equal."""
    if dtype == "BOOL":
        return rng.integers(0, 2, shape).astype(bool)
    return rng.integers(-4, 5, shape).astype(dtype.lower())


def model(
    function: str,
    shapes: tuple[Shape, ...],
    dtype: str = "INT8",
    *,
    scales: tuple[float, float] = (0.1, 0.1),
    zeros: tuple[int, int] = (3, 3),
    constant: str = "",
) -> bytes:
    rng = np.random.default_rng(1)
    b = ModelBuilder(function.lower())
    operands = []
    for name, shape, scale, zero_point in zip("ab", shapes, scales, zeros, strict=False):
        quantised: dict[str, Any] = {"scale": scale, "zero_point": zero_point} if dtype == "INT8" else {}
        const = name in constant
        operands.append(
            b.const(values(rng, dtype, shape), **quantised) if const else b.input(shape, dtype, **quantised)
        )
    y = b.tensor(broadcast_shape(*shapes), "BOOL")
    b.op(function, operands, [y])
    b.output(y)
    return b.finish()


def samples(shapes: tuple[Shape, ...], dtype: str) -> list[list[np.ndarray]]:
    rng = np.random.default_rng(2)
    return [[values(rng, dtype, shape) for shape in shapes] for _ in range(3)]


@pytest.mark.parametrize("constant", ["", "a", "b"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_types_and_shapes(function: str, constant: str) -> None:
    types = (
        ["BOOL"] if function in LOGICAL else ["INT8", "INT32", "FLOAT32", *(["BOOL"] if function in EQUALITY else [])]
    )
    for i, (dtype, shapes) in enumerate(itertools.product(types, SHAPES)):
        if (i + len(function) + len(constant)) % 3 == 0:
            at_run_time = tuple(s for name, s in zip("ab", shapes, strict=True) if name not in constant)
            assert_exact(model(function, shapes, dtype, constant=constant), samples(at_run_time, dtype))


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from(COMPARISONS),
    st.tuples(*[st.one_of(st.floats(2.0**-20, 0.984375, width=32), st.sampled_from([0.5, 0.25, 1e-4]))] * 2),
    st.tuples(*[st.integers(-128, 127)] * 2),
)
def test_every_pair(function: str, scales: tuple[float, float], zeros: tuple[int, int]) -> None:
    """Small scales make different values equal: TFLM compares them rounded."""
    every = np.arange(-128, 128).astype(np.int8)
    shapes = ((256, 1), (1, 256))
    assert_exact(model(function, shapes, scales=scales, zeros=zeros), [[every[:, None], every[None]]])


def test_not() -> None:
    b = ModelBuilder("not")
    x, y = b.input((2, 5), "BOOL"), b.tensor((2, 5), "BOOL")
    b.op("LOGICAL_NOT", [x], [y])
    b.output(y)
    assert_exact(b.finish())


SELECTED: list[tuple[Shape, Shape, Shape]] = [
    ((1, 5, 3, 4), (1, 5, 3, 4), (1, 5, 3, 4)),
    ((1, 5, 3, 1), (1, 5, 3, 4), (4,)),
    ((1, 5, 3, 4), (), (1, 1, 3, 1)),
    ((), (2, 3), (2, 3)),
    ((1,), (1, 1), ()),
]


@pytest.mark.parametrize("dtype", ["INT8", "INT16", "FLOAT32"])
@pytest.mark.parametrize("shapes", SELECTED, ids=str)
@pytest.mark.parametrize("constant", ["", "a", "b", "c", "bc"])
def test_select(shapes: tuple[Shape, ...], constant: str, dtype: str) -> None:
    rng = np.random.default_rng(1)
    b = ModelBuilder("select")
    quantised: dict[str, Any] = {} if dtype == "FLOAT32" else {"scale": 0.1, "zero_point": 0}
    operands = []
    for name, shape in zip("abc", shapes, strict=True):
        kind, q = ("BOOL", {}) if name == "a" else (dtype, quantised)
        operands.append(b.const(values(rng, kind, shape), **q) if name in constant else b.input(shape, kind, **q))
    y = b.tensor(broadcast_shape(*shapes), dtype, **quantised)
    b.op("SELECT_V2", operands, [y])
    b.output(y)
    kinds = [kind for name, kind in zip("abc", ("BOOL", dtype, dtype), strict=True) if name not in constant]
    at_run_time = [s for name, s in zip("abc", shapes, strict=True) if name not in constant]
    assert_exact(b.finish(), [[values(rng, k, s) for k, s in zip(kinds, at_run_time, strict=True)] for _ in range(3)])


def test_where_positive() -> None:
    """A comparison between layers, as tf.where writes it."""
    b = ModelBuilder("where")
    quantised = {"scale": 0.05, "zero_point": -3}
    x = b.input((1, 6, 5, 4), **quantised)
    zero = b.const(np.array([-3], np.int8), **quantised)
    condition, y = b.tensor((1, 6, 5, 4), "BOOL"), b.tensor((1, 6, 5, 4), **quantised)
    b.op("GREATER", [x, zero], [condition])
    b.op("SELECT_V2", [condition, x, zero], [y])
    b.output(y)
    host = assert_exact(b.finish())
    assert host.arena.arena_bytes == 2 * 120


@pytest.mark.parametrize(
    "arguments, rule",
    [
        ({"function": "GREATER", "shapes": ((2,), (2,)), "scales": (1.5, 0.1)}, "scales of int8 operands are below 1"),
        ({"function": "LESS", "shapes": ((2,), (2,)), "dtype": "BOOL"}, "all int8, all int32 or all float32"),
        ({"function": "LOGICAL_AND", "shapes": ((2,), (2,))}, "all bool"),
    ],
)
def test_refused(arguments: dict[str, Any], rule: str) -> None:
    with pytest.raises(UnsupportedError, match=rule):
        api.load_graph(model(**arguments))
