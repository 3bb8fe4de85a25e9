"""examples/spoken_digits: the features in C are those of training, and the firmware answers as the network does."""

from __future__ import annotations

import ctypes
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tinyengine_tf.api import load_graph
from tinyengine_tf.lab import reference

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/spoken_digits"
MODEL = EXAMPLE / "digits.tflite"
RAM_BYTES, FLASH_BYTES = 16 * 1024, 64 * 1024


@pytest.fixture(scope="module")
def features() -> ModuleType:
    spec = importlib.util.spec_from_file_location("spoken_digit_features", EXAMPLE / "features.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def recordings(count: int) -> np.ndarray:
    """int16 (count, 8000): chirps in noise, one silent, one that clips."""
    rng = np.random.default_rng(5)
    time = np.arange(8000) / 8000
    sounds = []
    for i in range(count):
        low, high = rng.uniform(100, 900), rng.uniform(900, 3500)
        chirp = np.sin(2 * np.pi * (low + (high - low) * time / 2) * time)
        sounds.append((0, 1e5)[i] * chirp if i < 2 else 10 ** rng.uniform(2, 4) * (chirp + 0.1 * rng.normal(size=8000)))
    return np.clip(sounds, -32768, 32767).astype(np.int16)


def test_features_in_c_are_those_of_training(features: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "features_tables.h").write_text(features.tables())
    library = tmp_path / "features.so"
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-shared", "-fPIC", f"-I{tmp_path}"]
    subprocess.run(["gcc", *flags, str(EXAMPLE / "firmware/features.c"), "-lm", "-o", str(library)], check=True)
    frame_features = ctypes.CDLL(str(library)).features_of_frame
    audio = recordings(6)
    got = np.zeros((len(audio), features.FRAMES, features.BANDS), np.float32)
    for recording, rows in zip(audio, got, strict=True):
        for index, row in enumerate(rows):
            samples = np.ascontiguousarray(recording[index * features.HOP :][: features.FRAME])
            frame_features(samples.ctypes.data_as(ctypes.c_void_p), row.ctypes.data_as(ctypes.c_void_p))
    # A hundredth of the input's quantisation step, which is about 0.06.
    np.testing.assert_allclose(got, features.log_mel(audio), atol=6e-4)


@pytest.mark.parametrize("goal", ["host", "m4"])
def test_firmware_answers_as_the_network_does(features: ModuleType, goal: str, tmp_path: Path) -> None:
    for tool in ("make", *(("arm-none-eabi-gcc", "qemu-system-arm") if goal == "m4" else ())):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    audio = recordings(6)
    for index, recording in enumerate(audio):
        (tmp_path / f"{index}.raw").write_bytes(recording.tobytes())
    names = [f"{index}.raw" for index in range(len(audio))]
    make = ["make", "-C", str(EXAMPLE / "firmware"), f"PYTHON={sys.executable}", f"BUILD={tmp_path}/build"]
    built = subprocess.run([*make, goal], check=True, capture_output=True, text=True)
    if goal == "host":
        command = [f"{tmp_path}/build/host/digits", *names]
    else:
        command = [
            *make,
            "--no-print-directory",
            "-s",
            "run",
            "RECORDINGS=" + " ".join(f"{tmp_path}/{n}" for n in names),
        ]
        code, data, bss = map(int, re.findall(r"^ *(\d+)\t *(\d+)\t *(\d+)\t", built.stdout, re.MULTILINE)[0])
        assert code + data <= FLASH_BYTES
        assert data + bss <= RAM_BYTES
    said = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.split()
    assert list(map(int, said)) == [int(scores.argmax()) for scores in network_scores(features, audio)]


def network_scores(features: ModuleType, audio: np.ndarray) -> list[np.ndarray]:
    """TFLM's answers for features computed by numpy."""
    model = MODEL.read_bytes()
    coding = load_graph(model).inputs[0].quant
    assert coding is not None
    coded = np.rint(features.log_mel(audio) / np.float32(coding.scale)) + coding.zero_point
    samples = [[row[None, :, :, None]] for row in np.clip(coded, -128, 127).astype(np.int8)]
    return [outputs[0] for outputs in reference.run(model, samples)]
