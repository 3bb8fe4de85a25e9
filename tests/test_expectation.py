"""Who says what is right: TFLM; where it refuses a model, TensorFlow; else the operators' own numpy."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest

from tests.modelgen.builder import ModelBuilder
from tinyengine_tf import api, report
from tinyengine_tf.errors import ToolchainError
from tinyengine_tf.lab import expectation, tensorflow_lite
from tinyengine_tf.lab.expectation import DEFINITIONS, TENSORFLOW, TFLM, expect

pytest.importorskip("tflite_micro", reason="tflite_micro is absent: pip install '.[compare]' in tinyengine_tf's folder")


def split_with_an_empty_part() -> bytes:
    """TFLM takes the part without elements for a tensor whose size is known only at run time."""
    b = ModelBuilder("split")
    x = b.input((1, 5), scale=0.5)
    parts = [b.tensor((1, n), scale=0.5) for n in (2, 0, 3)]
    sizes, axis = b.const(np.array([2, 0, 3], np.int32)), b.const(np.array(1, np.int32))
    b.op("SPLIT_V", [x, sizes, axis], parts, num_splits=3)
    b.output(parts[0], parts[2])
    return b.finish()


X = np.array([[3, -1, 4, -1, 5]], np.int8)
PARTS = [[[3, -1]], [[4, -1, 5]]]


def outputs(model: bytes, layers: dict[int, np.ndarray]) -> list[Any]:
    return [layers[t.source].tolist() for t in api.load_graph(model).outputs if t.source is not None]


def test_tflm_comes_first() -> None:
    b = ModelBuilder("negated")
    x, y = b.input((1, 5), scale=0.5), b.tensor((1, 5), scale=0.5)
    b.op("RELU", [x], [y])
    b.output(y)
    found = expect(b.finish(), api.load_graph(b.finish()), [[X]])
    assert found.by == TFLM
    assert found.layers[0][y].tolist() == [[3, 0, 4, 0, 5]]


@pytest.mark.nightly
@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is absent")
def test_tensorflow_speaks_where_tflm_refuses() -> None:
    model = split_with_an_empty_part()
    found = expect(model, api.load_graph(model), [[X]])
    assert found.by == TENSORFLOW and outputs(model, found.layers[0]) == PARTS


def test_first_line_says_who_spoke_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_layers(model: bytes, samples: Any) -> list[dict[int, np.ndarray]]:
        first, last = (t.source for t in api.load_graph(model).outputs)
        return [{first: x[:, :2], last: x[:, 2:]} for (x,) in samples]

    monkeypatch.setattr(tensorflow_lite, "is_installed", lambda: True)
    monkeypatch.setattr(tensorflow_lite, "run_layers", run_layers)
    done = api.verify(split_with_an_empty_part(), target="host")
    assert done.exact and done.against.by == TENSORFLOW
    first = report.verification(done.as_dict()).splitlines()[0]
    assert first.startswith("EXACT  3 samples, host against TensorFlow's reference interpreter, because TFLM refuses")
    assert "SPLIT_V" in first


@pytest.mark.parametrize(("installed", "because"), [(False, "not installed"), (True, "so does TensorFlow")])
def test_else_the_operators_themselves(installed: bool, because: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(model: bytes, samples: Any) -> Any:
        raise ToolchainError("cannot run the model")

    monkeypatch.setattr(tensorflow_lite, "is_installed", lambda: installed)
    monkeypatch.setattr(tensorflow_lite, "run_layers", refuse)
    model = split_with_an_empty_part()
    found = expect(model, api.load_graph(model), [[X]])
    assert found.by == DEFINITIONS and because in found.because
    assert outputs(model, found.layers[0]) == PARTS


def test_a_missing_package_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: Any, **__: Any) -> Any:
        raise ToolchainError("the Python package tflite_micro is not installed")

    monkeypatch.setattr(expectation.reference, "run_layers", absent)
    model = split_with_an_empty_part()
    with pytest.raises(ToolchainError, match="not installed"):
        expect(model, api.load_graph(model), [[X]])
