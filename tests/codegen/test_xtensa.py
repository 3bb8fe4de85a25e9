"""The ESP32, ESP32-S2 and ESP32-S3: no emulator runs their code, so it must be right on the cores that run here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.codegen.models import small_cnn
from tinyengine_tf import api
from tinyengine_tf.errors import UsageError
from tinyengine_tf.lab import emulate, reference
from tinyengine_tf.lab.build import compile_network
from tinyengine_tf.lab.verify import random_samples
from tinyengine_tf.target import load_target

BOARDS = ("esp32", "esp32-s2", "esp32-s3")


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("runs_on", ["host", "riscv32"])
def test_code_is_exact_on_other_cores(board: str, runs_on: str, tmp_path: Path) -> None:
    """What was generated for the board, compiled with all warnings for a core that runs here, against TFLM."""
    model = small_cnn()
    api.convert(model, tmp_path / "c", target=board)
    samples = random_samples(api.load_graph(model), 2, seed=5)
    program = compile_network(tmp_path / "c", load_target(runs_on), tmp_path / "build", warnings=True)
    outputs = emulate.run(program, samples).outputs
    for ours, theirs in zip(outputs, reference.run(model, samples, isolated=True), strict=True):
        assert [bytes(x) for x in ours] == [x.tobytes() for x in theirs]


def test_predictions_are_called_a_guess(tmp_path: Path) -> None:
    report = {}
    for target in ("esp32", "esp32-c3"):
        api.convert(small_cnn(), tmp_path / target, target=target)
        report[target] = json.loads((tmp_path / target / "report.json").read_text())
    assert not report["esp32"]["predicted_from_measurements"] and report["esp32"]["estimated_cycles"] is None
    assert report["esp32-c3"]["predicted_from_measurements"]


def test_running_it_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        api.verify(small_cnn(), target="esp32-s3")
    assert "no emulator" in str(error.value) and "riscv32" in error.value.hint
