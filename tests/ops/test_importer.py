"""What is taken from a file: open dimensions, rules on inputs, names that are cut."""

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


def test_open_batch_size_is_followed() -> None:
    """The file says 1x1x3 where it did not know; 192 elements by 64x3 leave 1."""
    (output,) = api.load_graph(unbatched((-1, -1, 3))).outputs
    assert output.shape == (1, 64, 3)


def test_open_batch_size_is_named_first() -> None:
    """What the new shape is computed from is unknown, so the RESHAPE cannot be followed."""
    b = ModelBuilder()
    x, shape = b.input((1, 8, 8, 3), scale=0.1, signature=(-1, 8, 8, 3)), b.input((3,), "INT32")
    y = b.tensor((1, 1, 3), scale=0.1, signature=(-1, -1, 3))
    b.op("RESHAPE", [x, shape], [y], new_shape=[-1, 64, 3])
    b.output(y)
    with pytest.raises(UnsupportedError) as caught:
        api.load_graph(b.finish())
    first = str(caught.value).splitlines()[0]
    assert "open batch size" in first and "batch_size=1" in first
    with pytest.raises(UnsupportedError) as caught:
        api.load_graph(unbatched(None))
    assert "batch_size" not in str(caught.value)


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
