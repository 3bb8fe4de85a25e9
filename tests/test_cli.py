"""The command line: results on stdout, messages on stderr, exit codes, nothing half-written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.codegen.models import small_cnn
from tests.modelgen import ModelBuilder

REPO = Path(__file__).resolve().parent.parent


def command(*args: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(REPO)}
    return subprocess.run(
        [sys.executable, "-m", "tinyengine_tf", *map(str, args)], capture_output=True, text=True, env=env, cwd=cwd
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli") / "small.tflite"
    path.write_bytes(small_cnn())
    return path


def test_convert(model: Path, tmp_path: Path) -> None:
    done = command("convert", model, "--out", tmp_path / "c", "--name", "tiny")
    assert done.returncode == 0 and done.stderr == ""
    assert "arena" in done.stdout and (tmp_path / "c" / "include" / "tiny.h").is_file()


def test_convert_json_is_the_report(model: Path, tmp_path: Path) -> None:
    done = command("convert", model, "--out", tmp_path / "c", "--json")
    assert json.loads(done.stdout) == json.loads((tmp_path / "c" / "report.json").read_text())


@pytest.mark.parametrize("name", ["plan", "explain"])
def test_views(name: str, model: Path) -> None:
    done = command(name, model)
    assert done.returncode == 0 and "L00" in done.stdout
    assert json.loads(command(name, model, "--json").stdout)


def test_verify(model: Path) -> None:
    done = command("verify", model, "--target", "cortex-m4", "--layers")
    assert done.returncode == 0 and done.stdout.startswith("EXACT"), done.stderr
    figures = json.loads(command("verify", model, "--target", "host", "--json").stdout)
    assert figures["exact"] and figures["samples"] == 3


def test_lists() -> None:
    assert {t["name"] for t in json.loads(command("targets", "--json").stdout)} >= {
        "cortex-m4",
        "stm32f746",
        "host",
        "riscv32",
    }
    assert {o["operator"] for o in json.loads(command("ops", "--json").stdout)} >= {"CONV_2D", "SOFTMAX", "RESHAPE"}
    assert command("ops", "--markdown").stdout.startswith("# Supported operators")


def test_help_names_every_command() -> None:
    text = command("--help").stdout
    assert all(name in text for name in ("convert", "plan", "explain", "verify", "targets", "ops"))


def unsupported_model() -> bytes:
    b = ModelBuilder()
    x = b.input((1, 4), scale=0.1, zero_point=0)
    y, z = (b.tensor((1, 4), scale=0.1, zero_point=0) for _ in range(2))
    b.op("CUMSUM", [x], [y])
    b.op("FLOOR_MOD", [y], [z])
    b.output(z)
    return b.finish()


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"", 3, "empty"),
        (b"not a flatbuffer at all", 3, "try:"),
        (small_cnn()[:700], 3, ""),
        (unsupported_model(), 4, "FLOOR_MOD"),
        (None, 2, "cannot read"),
    ],
    ids=["empty", "garbage", "truncated", "unsupported", "missing"],
)
def test_bad_models(content: bytes | None, code: int, says: str, tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    if content is not None:
        path.write_bytes(content)
    done = command("convert", path, "--out", tmp_path / "c")
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith("tinyengine_tf: ") and says in done.stderr and "Traceback" not in done.stderr
    assert done.stdout == "" and not (tmp_path / "c").exists()


def test_every_unsupported_operator_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(unsupported_model())
    text = command("plan", tmp_path / "m.tflite").stderr
    assert "CUMSUM" in text and "FLOOR_MOD" in text


@pytest.mark.parametrize(
    "args",
    [
        ("--target", "cortex-m99"),
        ("--name", "2net"),
        ("--name", "while"),
        ("--ram-budget", "lots"),
        ("--ram-budget", "0"),
        ("--io", "float"),
    ],
    ids=lambda a: "=".join(a),
)
def test_bad_arguments(args: tuple[str, str], model: Path, tmp_path: Path) -> None:
    done = command("convert", model, "--out", tmp_path / "c", *args)
    assert done.returncode == 2 and "Traceback" not in done.stderr and not (tmp_path / "c").exists()


def test_an_impossible_budget(model: Path, tmp_path: Path) -> None:
    done = command("convert", model, "--out", tmp_path / "c", "--ram-budget", "100")
    assert done.returncode == 5 and "100" in done.stderr and "try:" in done.stderr and not (tmp_path / "c").exists()


def test_an_unwritable_folder(model: Path) -> None:
    done = command("convert", model, "--out", "/proc/nowhere/c")
    assert done.returncode == 2 and "cannot write" in done.stderr


@pytest.mark.parametrize("array", ["nan", "shape", "text"])
def test_bad_inputs_for_verify(array: str, model: Path, tmp_path: Path) -> None:
    import numpy as np

    path = tmp_path / "x.npy"
    if array == "text":
        path.write_text("1 2 3")
    else:
        np.save(path, np.full((2, 5), np.nan, np.float32) if array == "nan" else np.zeros((2, 5), np.int8))
    done = command("verify", model, "--target", "host", "--inputs", path)
    assert done.returncode == 2 and "Traceback" not in done.stderr


def test_a_missing_compiler_is_named_with_its_package(model: Path, tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(REPO), "PATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "tinyengine_tf", "verify", str(model)], capture_output=True, text=True, env=env
    )
    assert done.returncode == 6 and "gcc-arm-none-eabi" in done.stderr, done.stderr
