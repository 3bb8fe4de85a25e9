"""Commands end with a sentence and an exit code, wherever their output goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.codegen.models import small_cnn
from tinyengine_tf.command import carry_out
from tinyengine_tf.errors import ModelError

REPO = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("redirect", ["> /dev/full", "| true", ">&-", "> /dev/full 2>&1", ">&- 2>&-"])
@pytest.mark.parametrize(
    "command", ["tinyengine_tf ops", "tinyengine_tf --help", "tflm_compat --help", "nas_keras.cli --help"]
)
def test_output_that_nobody_takes(command: str, redirect: str, tmp_path: Path) -> None:
    line = f"{sys.executable} -m {command} {redirect}"
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(REPO)}, cwd=tmp_path
    )
    assert done.returncode in (0, 2), done.stderr
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr
    if "full" in redirect and "ops" in command:
        assert done.returncode == 2 and ("2>&1" in redirect or "No space left on device" in done.stderr)


def test_convert_whose_output_nobody_takes_has_written_all(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(small_cnn())
    line = f"{sys.executable} -m tinyengine_tf convert m.tflite --out c > /dev/full"
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(REPO)}, cwd=tmp_path
    )
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert (tmp_path / "c/include/net.h").is_file()


def test_names_that_a_terminal_cannot_show(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tinyengine_tf", "convert", "modèle.tflite", "--out", "c"],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(REPO), "PYTHONIOENCODING": "ascii"},
        cwd=tmp_path,
    )
    assert done.returncode == 2 and rb"mod\xe8le.tflite" in done.stderr


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (ModelError("bad", where="x"), 3, "prog: x: bad\n"),
        (KeyboardInterrupt(), 130, "prog: interrupted, go on\n"),
        (KeyboardInterrupt("all files are there"), 130, "prog: interrupted, all files are there\n"),
        (BrokenPipeError(), 0, ""),
        (OSError(28, "No space left on device", "/tmp/x"), 2, "prog: No space left on device (/tmp/x)\n"),
        (SystemExit(7), 7, ""),
        (SystemExit(None), 0, ""),
    ],
)
def test_how_errors_end(error: BaseException, code: int, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise error

    with pytest.raises(SystemExit) as ended:
        carry_out("prog", command, interrupted="go on")
    assert (ended.value.code, capsys.readouterr().err) == (code, text)


def test_an_error_of_ours_says_where_and_how_to_see_more(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for value, expected in (("", "KeyError: 'x' (test_command.py:"), ("1", "Traceback (most recent call last)")):
        monkeypatch.setenv("TINYENGINE_TRACEBACK", value)
        with pytest.raises(SystemExit) as ended:
            carry_out("prog", lambda: {}["x"])
        told = capsys.readouterr().err
        assert (
            ended.value.code == 70 and told.startswith("prog: internal error, please report it: ") and expected in told
        )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_it_computes(number: signal.Signals, tmp_path: Path) -> None:
    code = """
import signal, time
from tinyengine_tf.command import carry_out
signal.signal(signal.SIGINT, signal.default_int_handler)
carry_out("p", lambda: (print("on", flush=True), time.sleep(60)))
"""
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPO)},
        cwd=tmp_path,
    )
    assert child.stdout is not None and child.stdout.readline() == "on\n"
    child.send_signal(number)
    _, told = child.communicate(timeout=60)
    assert (child.returncode, told) == ((130, "p: interrupted\n") if number == signal.SIGINT else (-number, ""))
