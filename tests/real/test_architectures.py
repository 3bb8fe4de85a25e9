"""Networks as people deploy them, exported by TensorFlow itself, against TFLM: a few here, all in the nightly run.

What TensorFlow writes depends on its version, its quantiser and the types asked for; `tests.graphs` draws what no
exporter would.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import tinyengine_tf
from tests.exact import assert_exact

pytest.importorskip("tf_keras", reason="TensorFlow is absent: pip install '.[nas]' in tinyengine_tf's folder")
pytest.importorskip("tflite_micro", reason="TFLM's interpreter is absent: pip install tflite-micro")

from tests.real.architectures import ARCHITECTURES, int8_file  # noqa: E402
from tinyengine_tf.schedule import Goal  # noqa: E402

FAST = ("temporal_convolutions", "attention", "activations", "intermediate_outputs")
CORES = ("cortex-m0plus", "cortex-m4", "cortex-m55", "riscv32")
OLD_QUANTISER_FAILS = ("activations", "embedding", "masked_attention", "recurrent")
REFUSED = {("activations", "float"), *((n, "uint8") for n in OLD_QUANTISER_FAILS)}
"""TensorFlow's old quantiser knows neither ELU nor LOG_SOFTMAX nor SELECT_V2, and crashes on LSTM; an ELU whose floats
are shown is refused here."""


@cache
def exported(name: str, io: str) -> bytes:
    return int8_file(ARCHITECTURES[name], io)


@pytest.mark.parametrize(
    "name", [n if n in FAST else pytest.param(n, marks=pytest.mark.nightly) for n in ARCHITECTURES]
)
def test_exact(name: str) -> None:
    """Every layer in one piece, every output when rows are fused and when nothing is wasted on the boundary."""
    model = exported(name, "int8")
    result = tinyengine_tf.verify(model, target="host", count=2, layers=True)
    assert result.exact, str(result.difference)
    assert_exact(model, goal=Goal("ram"), count=1)


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("name", "io"),
    [(n, io) for n in ARCHITECTURES for io in ("float", "uint8") if (n, io) not in REFUSED],
)
def test_other_exports(name: str, io: str) -> None:
    model = exported(name, io)
    for mode in ({}, {"io": "int8", "optimize": "balanced"}):
        result = tinyengine_tf.verify(model, target="host", count=2, **mode)  # type: ignore[arg-type]
        assert result.exact, str(result.difference)


@pytest.mark.nightly
@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_cores(name: str, core: str) -> None:
    result = tinyengine_tf.verify(
        exported(name, "int8"), target=core, count=1, optimize="latency" if core == "cortex-m4" else "ram"
    )
    assert result.exact, str(result.difference)


@pytest.mark.nightly
def test_quantisation_aware_training() -> None:
    """Scales that training has fixed, as tfmot exports them."""
    tfmot = pytest.importorskip("tensorflow_model_optimization")

    def trained() -> Any:
        """As far as the input's range goes, which begins empty."""
        model = tfmot.quantization.keras.quantize_model(ARCHITECTURES["resnet"]())
        model(np.random.default_rng(0).normal(0, 1, (4, *model.input_shape[1:])).astype(np.float32), training=True)
        return model

    model = int8_file(trained)
    assert_exact(model, count=2)
    assert_exact(model, goal=Goal("ram"), count=2)
