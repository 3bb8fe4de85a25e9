"""Real models, whole, on every core: bit for bit what TFLM computes. Skipped where the models are absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tinyengine_tf
from tests.exact import assert_computed, random_samples
from tinyengine_tf import api
from tinyengine_tf.lab import reference

MODELS = (
    "hello_world_int8",
    "mlperf_ad",
    "mlperf_kws",
    "mlperf_ic",
    "mlperf_vww",
    "person_detect",
    "mcunet_vww",
    "mcunetv2_large",
    "mnist_lstm_int8",
)
CORES = ("host", "cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55", "riscv32")
SLOW = {"mcunetv2_large"}
"""Models that run on few cores in the everyday suite, and on all in the nightly one."""


def cases() -> list[object]:
    found = []
    for model in MODELS:
        for core in CORES:
            slow = model in SLOW and core not in ("host", "cortex-m4")
            found.append(pytest.param(model, core, marks=[pytest.mark.nightly] if slow else []))
    return found


@pytest.mark.parametrize("model", MODELS)
def test_operators_compute_what_tflm_does(model: str, shared_dir: Path) -> None:
    data = (shared_dir / "models" / f"{model}.tflite").read_bytes()
    graph = api.load_graph(data)
    samples = random_samples(graph, 1)
    assert_computed(graph, samples, reference.run(data, samples))


@pytest.mark.parametrize(("model", "core"), cases())
def test_exact_with_noise(model: str, core: str, shared_dir: Path) -> None:
    samples = 1 if core != "host" and model in SLOW else 2
    result = tinyengine_tf.verify(
        shared_dir / "models" / f"{model}.tflite", target=core, count=samples, layers=core in ("host", "cortex-m4")
    )
    assert result.exact, str(result.difference)
    assert core not in ("host", "cortex-m4") or result.layers_compared > 0


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "mode",
    [
        {"optimize": "ram"},
        {"optimize": "balanced", "io": "int8"},
        {"optimize": "ram", "io": "int8", "feed": "rows"},
        {"optimize": "ram", "io": "int8", "feed": "image"},
    ],
    ids=["ram", "balanced-int8", "rows", "image"],
)
def test_every_schedule_is_exact(model: str, mode: dict[str, str], shared_dir: Path) -> None:
    if mode.get("feed") and model in ("mlperf_ad", "hello_world_int8", "mnist_lstm_int8"):
        pytest.skip("the input is no image")
    result = tinyengine_tf.verify(
        shared_dir / "models" / f"{model}.tflite", target="host", count=2, layers=True, **mode
    )  # type: ignore[arg-type]
    assert result.exact, str(result.difference)


def real_inputs(shared_dir: Path) -> dict[str, list[list[np.ndarray]]]:
    """Pictures, features and sounds that belong to the models, in the models' own types."""
    s = np.load(shared_dir / "data" / "samples.npz")
    pictures = [s["tflm_person_i8"], s["tflm_no_person_i8"]]
    ad = np.stack([s["ad_logmel"][i : i + 5].reshape(-1) for i in (0, 50, 150)])
    rgb = [s["tinyengine_person_i8"], s["tinyengine_no_person_i8"]]
    nearest = np.arange(224) * 80 // 224
    return {
        "person_detect": [[p[None]] for p in (*pictures, s["vww_person_i8"])],
        "mlperf_vww": [[np.repeat(s["vww_person_i8"], 3, axis=-1)[None]]],
        "mlperf_kws": [[s["kws_i8"].reshape(1, 49, 10, 1)]],
        "mlperf_ic": [[(c.astype(np.int16) - 128).astype(np.int8)[None]] for c in s["cifar_u8"]],
        "mcunet_vww": [[(p.astype(np.float32) / 128.0)[None]] for p in rgb],
        "mcunetv2_large": [[(p[nearest][:, nearest].astype(np.float32) / 128.0)[None]] for p in rgb[:1]],
        "mlperf_ad": [[quantized(shared_dir, "mlperf_ad", row)] for row in ad],
    }


def quantized(shared_dir: Path, model: str, values: np.ndarray) -> np.ndarray:
    x = tinyengine_tf.api.load_graph(shared_dir / "models" / f"{model}.tflite").inputs[0]
    q = np.round(values / x.scale) + x.zero_point
    return np.clip(q, -128, 127).astype(np.int8).reshape(x.shape)


WITH_REAL_INPUTS = [model for model in MODELS if model not in ("hello_world_int8", "mnist_lstm_int8")]


@pytest.mark.parametrize(
    "core", [c if c in ("host", "cortex-m4") else pytest.param(c, marks=pytest.mark.nightly) for c in CORES]
)
@pytest.mark.parametrize("model", WITH_REAL_INPUTS)
def test_exact_with_real_inputs(model: str, core: str, shared_dir: Path) -> None:
    samples = real_inputs(shared_dir)[model]
    result = tinyengine_tf.verify(
        shared_dir / "models" / f"{model}.tflite", target=core, inputs=samples, layers=model in SLOW
    )
    assert result.exact, str(result.difference)


@pytest.mark.parametrize("core", ["host", "cortex-m4"])
def test_keyword_spotting_predictions(core: str, shared_dir: Path) -> None:
    """All 500 inputs of the MLPerf Tiny keyword set: TFLM's outputs, hence its predictions and its 90.2 %."""
    data = np.load(shared_dir / "data" / "kws01.npz")
    samples = [[x[None]] for x in data["x"]]
    result = tinyengine_tf.verify(shared_dir / "models" / "mlperf_kws.tflite", target=core, inputs=samples)
    assert result.exact, str(result.difference)
    predicted = np.array([int(outputs[0].view(np.int8).argmax()) for outputs in result.run.outputs])
    assert (predicted == data["y"]).sum() == 451


TFLM_RAM_BYTES = {
    "mlperf_vww": 100_720,
    "mlperf_kws": 22_832,
    "mlperf_ic": 55_008,
    "mlperf_ad": 3_024,
    "person_detect": 82_320,
    "mcunet_vww": 219_808,
    "mcunetv2_large": 2_602_112,
    "hello_world_int8": 1_168,
    "mnist_lstm_int8": 4_064,
}
"""Smallest arena with which TFLM accepts each model on a Cortex-M4."""


@pytest.mark.parametrize("model", MODELS)
def test_less_memory_than_tflm(model: str, shared_dir: Path) -> None:
    result = tinyengine_tf.verify(shared_dir / "models" / f"{model}.tflite", target="cortex-m4", count=1)
    assert result.run.static_ram_bytes <= TFLM_RAM_BYTES[model]
