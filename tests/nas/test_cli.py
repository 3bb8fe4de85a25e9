"""The command nas_keras, from data or a shape to files, tables and exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nas_keras as package
import tinyengine_tf
from nas_keras.arguments import count
from nas_keras.data import Data

REPO = Path(__file__).resolve().parents[2]


def nas_keras(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(REPO), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "nas_keras.cli", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def data_file(stripes: tuple[Data, Data], tmp_path_factory) -> Path:
    train, val = stripes
    path = tmp_path_factory.mktemp("data") / "x.npz"
    np.savez(path, x_train=train.x, y_train=train.y, x_val=val.x, y_val=val.y)
    return path


BUDGET = ["samples=10", "supernet_epochs=1", "evaluations=4", "population=2", "finetune_epochs=1", "qat_epochs=1"]


def test_search_ends_with_c_a_report_and_a_table(data_file: Path, tmp_path: Path) -> None:
    pytest.importorskip("tf_keras")
    limits = ["--target", "stm32f412", "--sram", "16KB", "--flash", "80KB", "--max_latency", "50", "--workers", "1"]
    arguments = ["search", "--data", str(data_file), *limits, "--budget", "quick", "--set", ",".join(BUDGET)]
    done = nas_keras(*arguments, "--out", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [f"[{i}/7]" in done.stderr for i in range(1, 8)] == [True] * 7
    for what in ("network    12x12x1", "accuracy   float", "SRAM ", "emulated "):
        assert what in done.stdout
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["limits"] == {
        "sram_bytes": 16384,
        "flash_bytes": 81920,
        "instructions": None,
        "macs": None,
        "cycles": 5_000_000,
    }
    report = json.loads((tmp_path / "run" / "c" / "report.json").read_text())
    assert report["arena_bytes"] == result["footprint"]["sram_bytes"] <= 16384
    for name in ("report.html", "model.tflite", "c/include/net.h"):
        assert (tmp_path / "run" / name).stat().st_size > 0
    again = nas_keras(*arguments, "--out", "run", "--seed", "1", cwd=tmp_path)
    assert again.returncode == 2 and "another search (other seed)" in again.stderr


def test_help_names_every_option(tmp_path: Path) -> None:
    shared = (
        "--target",
        "--sram",
        "--flash",
        "--max_macs",
        "--max_latency",
        "--budget",
        "--set",
        "--seed",
        "--ray",
        "--family",
    )
    for command, own, foreign in (("search", "--data", "--shape"), ("space", "--shape", "--data")):
        done = nas_keras(command, "--help", cwd=tmp_path)
        assert done.returncode == 0 and foreign not in done.stdout
        assert [option in done.stdout for option in (own, *shared)] == [True] * (1 + len(shared))
        assert ("mutation_probability=0.1" in done.stdout) == (command == "search"), "options of strategies"


def test_version_and_public_names(tmp_path: Path) -> None:
    done = nas_keras("--version", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout == f"nas_keras {tinyengine_tf.__version__}\n"
    assert {"search_for_mcu", "SearchBudget", "SearchResult", "__version__"} <= set(dir(package))


@pytest.mark.parametrize("text,expected", [("5M", 5_000_000), ("1.5k", 1500), ("123", 123)])
def test_counts_are_decimal(text: str, expected: int) -> None:
    assert count(text) == expected


def test_space_prints_a_table_and_says_what_fits_nowhere(tmp_path: Path) -> None:
    arguments = ["space", "--shape", "49x10x1", "--classes", "12", "--target", "cortex-m4", "--budget", "quick"]
    done = nas_keras(*arguments, "--sram", "8KB", "--flash", "32KB", "--workers", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    head, *rows = done.stdout.splitlines()
    assert head.startswith("space") and len(rows) > 2 and rows[0].startswith("w0.") and "49x10" in rows[0]
    nothing = nas_keras(*arguments, "--sram", "100", "--flash", "32KB", "--workers", "1", cwd=tmp_path)
    assert nothing.returncode == 5 and "the smallest, w0.2-r49x10, needs" in nothing.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments,message",
    [
        (["search"], "the following arguments are required: --data"),
        (["search", "--data", "x.npz", "--shape", "8x8x1"], "unrecognized arguments: --shape"),
        (["space", "--shape", "8x8x1", "--sram", "12 apples"], "'12 apples' is no size"),
        (["space", "--shape", "0x8x1", "--target", "stm32f412"], "an input of 0x8x1"),
        (["space", "--shape", "8x8x1", "--seed", "-1"], "-1 is below 0"),
        (["space", "--shape", "8x8x1", "--workers", "0"], "0 is below 1"),
        (["space", "--shape", "8x8x1", "--max_latency", "nan"], "no positive number of milliseconds"),
        (["space", "--shape", "8x8x1", "--max_macs", "many"], "'many' is no number"),
        (["space", "--shape", "8x8x1", "--max-macs=many"], "'many' is no number"),
        (["search", "--data", "absent.npz"], "cannot read absent.npz"),
        (["search", "--data", "x.npz", "--budget", "quick", "--set", "epochs=3"], "'epochs' is no part of a budget"),
        (["space", "--shape", "big"], "rows x columns x channels"),
        (["space", "--shape", "8x8x1", "--target", "cortex-m4"], "a bare core has no sram limit"),
        (["search", "--data", "x.npz", "--set", "epochs=3"], "search_minutes, mutation_probability"),
        (["search", "--data", "x.npz", "--set", "mutation_probability=often"], "'often' is no float"),
        (
            ["search", "--data", "x.npz", "--strategy", "random", "--set", "mutation_probability=1"],
            "no part of a budget",
        ),
        (["space", "--shape", "8x8x1", "--set", "mutation_probability=1"], "no part of a budget"),
        (["space", "--shape", "8x8x1", "--family", "conv"], "invalid choice: 'conv'"),
        (["space", "--shape", "8x8x1", "--target", "stm32f412", "--sram", "1MB"], "stm32f412 has 262,144"),
        (["dance"], "invalid choice: 'dance'"),
    ],
)
def test_misuse_is_answered(arguments: list[str], message: str, tmp_path: Path) -> None:
    done = nas_keras(*arguments, cwd=tmp_path)
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr
