"""What a refused model's owner reads: one short sentence per operator, and what to do about open batch sizes."""

from __future__ import annotations

import numpy as np
import pytest

from tests.modelgen import ModelBuilder
from tinyengine_tf import api
from tinyengine_tf.errors import UnsupportedError


def unbatched(signature: tuple[int, ...] | None, name: str = "y") -> bytes:
    """A RESHAPE whose output has 1 where the exporter did not know better."""
    b = ModelBuilder()
    x = b.input((1, 8, 8, 3), scale=0.1)
    y = b.tensor((1, 1, 3), scale=0.1, signature=signature, name=name)
    b.op("RESHAPE", [x, None], [y], new_shape=[-1, 64, 3])
    b.output(y)
    return b.finish()


def test_open_batch_size_is_named() -> None:
    with pytest.raises(UnsupportedError, match="same number of elements") as caught:
        api.load_graph(unbatched((-1, -1, 3)))
    assert "batch_size=1" in caught.value.hint
    with pytest.raises(UnsupportedError) as caught:
        api.load_graph(unbatched(None))
    assert "batch_size" not in caught.value.hint


def test_long_names_are_cut() -> None:
    with pytest.raises(UnsupportedError) as caught:
        api.load_graph(unbatched(None, name="model/fused;" * 500))
    assert len(caught.value.problems[0]) < 600


def test_inputs_that_nobody_would_read_are_refused() -> None:
    """A fourth input of a layer with weights: no kernel expects it."""
    b = ModelBuilder()
    x = b.input((1, 4), scale=0.1)
    weights = b.const(np.ones((3, 4), np.int8), scale=0.01)
    y = b.tensor((1, 3), scale=0.1)
    b.op("FULLY_CONNECTED", [x, weights, None, x], [y])
    b.output(y)
    with pytest.raises(UnsupportedError, match="no input beyond data, weights and bias .found 4"):
        api.load_graph(b.finish())
