"""The networks that nas_keras found, as files: within the limits they were searched for, exact, as accurate as said.

The limits of `resnet8` are what MLPerf Tiny's ResNet-8 takes in this engine: RAM and flash no larger, instructions at
most 0.7 times as many. The accuracies are those of the first thousand validation examples, a little below what was
measured, so that a network that no longer answers as it was trained is found, not one that rounds differently.
"""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import tinyengine_tf
from nas_keras.data import Coding
from tinyengine_tf.api import compile_graph, load_graph
from tinyengine_tf.lab.verify import build_and_run
from tinyengine_tf.schedule import Goal
from tinyengine_tf.target import load_target

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
RESNET8_INSTRUCTIONS = 11_925_583
"""Of mlperf_ic.tflite on an emulated Cortex-M4, `--optimize ram --io int8`."""


@dataclass(frozen=True)
class Searched:
    """A network's file, its limits and its accuracy on the first thousand validation examples."""

    file: str
    data: str
    ram_bytes: int
    weights_bytes: int
    instructions: int | None
    least_accuracy: float

    @property
    def model(self) -> bytes:
        return (EXAMPLES / self.file).read_bytes()


NETWORKS = [
    Searched("cifar10/cifar10_resnet8.tflite", "cifar10", 17_092, 81_204, int(0.7 * RESNET8_INSTRUCTIONS), 0.88),
    Searched("cifar10/cifar10_tiny.tflite", "cifar10", 16 * 1024, 32 * 1024, None, 0.82),
    Searched("spoken_digits/digits.tflite", "fsdd", 12 * 1024, 36 * 1024, None, 0.97),
]
each_network = pytest.mark.parametrize("network", NETWORKS, ids=lambda n: Path(n.file).stem)


@each_network
def test_memory_is_within_the_limits(network: Searched) -> None:
    found = tinyengine_tf.estimate(network.model, target="cortex-m4", io="int8", optimize="ram", exact=True)
    assert found.arena_bytes <= network.ram_bytes
    assert found.weights_bytes <= network.weights_bytes


@each_network
def test_emulated_core_answers_exactly_and_in_time(network: Searched) -> None:
    for tool in ("arm-none-eabi-gcc", "qemu-system-arm"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    found = tinyengine_tf.verify(network.model, target="cortex-m4", io="int8", optimize="ram", count=1)
    assert found.exact, found.difference
    assert found.run.static_ram_bytes <= network.ram_bytes
    assert found.run.instructions is not None
    assert network.instructions is None or found.run.instructions <= network.instructions


@each_network
def test_accuracy_on_validation_data(network: Searched, shared_dir: Path, tmp_path: Path) -> None:
    x, y = validation(network, shared_dir / "data" / f"{network.data}.npz")
    arena = compile_graph(load_graph(network.model), load_target("host"), Goal("ram"), io="int8", exact=False)
    outputs = build_and_run(arena, tmp_path, [[one] for one in x]).outputs
    answers = [int(scores.view(np.int8).argmax()) for (scores,) in outputs]
    assert np.mean(answers == y) >= network.least_accuracy


def validation(network: Searched, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """(int8 inputs (count, rows, columns, channels), class indices (count,)) of at most 1000 examples."""
    with np.load(path) as file:
        x, y = file["x_val"][:1000], file["y_val"][:1000]
    if network.data == "cifar10":
        return Coding.of(x).quantize(x), y
    quant = load_graph(network.model).inputs[0].quant
    assert quant is not None
    coded = np.rint(log_mel(x)[..., None] / np.float32(quant.scale)) + quant.zero_point
    return np.clip(coded, -128, 127).astype(np.int8), y


def log_mel(audio: np.ndarray) -> np.ndarray:
    """The features of examples/spoken_digits."""
    spec = importlib.util.spec_from_file_location("spoken_digit_features", EXAMPLES / "spoken_digits/features.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.log_mel(audio)
