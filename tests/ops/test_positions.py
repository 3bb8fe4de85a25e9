"""Axes, positions and sizes that are no integers, or of another number than one: a rule says so."""

from __future__ import annotations

import numpy as np
import pytest

from tests.modelgen import ModelBuilder
from tinyengine_tf.api import load_graph
from tinyengine_tf.errors import UnsupportedError


@pytest.mark.parametrize("begin", [np.zeros(2, np.float32), np.full(2, np.nan, np.float32), np.zeros(2, bool)])
def test_positions_are_integers(begin: np.ndarray) -> None:
    b = ModelBuilder()
    x, y = b.input((2, 4), scale=0.1, zero_point=0), b.tensor((2, 2), scale=0.1, zero_point=0)
    b.op("SLICE", [x, b.const(begin), b.const(np.array([2, 2], np.int32))], [y])
    b.output(y)
    with pytest.raises(UnsupportedError, match="are constant integers"):
        load_graph(b.finish())


@pytest.mark.parametrize(("axes", "found"), [([], "no tensor but a constant list"), ([0, 1], "2 axes")])
def test_a_split_has_one_axis(axes: list[int], found: str) -> None:
    b = ModelBuilder()
    x = b.input((2, 4), scale=0.1, zero_point=0)
    halves = [b.tensor((2, 2), scale=0.1, zero_point=0) for _ in range(2)]
    b.op("SPLIT", [b.const(np.array(axes, np.int32)), x], halves, num_splits=2)
    b.output(*halves)
    with pytest.raises(UnsupportedError, match=found):
        load_graph(b.finish())
