"""A full disk and Ctrl-C leave whole files behind, and say what to do."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nas_keras import cli
from nas_keras.families.mbconv.space import Space
from nas_keras.files import locked, read_json, write_json
from nas_keras.search.context import Allowance, Context
from nas_keras.search.random_search import RandomSearch
from nas_keras.search.strategy import run
from tinyengine_tf import UsageError


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch):
    def refuse(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return lambda: monkeypatch.setattr(os, "fsync", refuse)


def test_a_full_disk_keeps_the_former_file_and_no_part_of_the_new_one(tmp_path: Path, full_disk) -> None:
    path = tmp_path / "spaces.json"
    write_json(path, [1])
    full_disk()
    with pytest.raises(UsageError, match=r"No space left.*\n.*finished work there is kept"):
        write_json(path, [2])
    assert read_json(path) == [1] and list(tmp_path.iterdir()) == [path]


def test_a_folder_is_written_by_one_process_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    program = "import time; from pathlib import Path; from nas_keras.files import locked\n"
    program += f"with locked(Path({str(folder)!r})):\n    print('mine', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "mine\n"
        with (
            pytest.raises(UsageError, match=rf"another search is writing here \(process {other.pid}\)"),
            locked(folder),
        ):
            pass
        other.kill()
        other.wait()
        with locked(folder), pytest.raises(UsageError, match=f"process {os.getpid()}"), locked(folder):
            pass
    with locked(folder):
        pass


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="cannot write"), locked(tmp_path / "file" / "run"):
        pass


def test_a_full_disk_ends_a_search_with_an_answer(tiny_space: Space, tmp_path: Path, full_disk) -> None:
    full_disk()
    record = tmp_path / "search.jsonl"
    context = Context(tiny_space, lambda arch: True, lambda archs: [0.0] * len(archs), Allowance(3), record=record)
    with pytest.raises(UsageError, match=r"No space left.*\n.*the search will resume"):
        run(RandomSearch(), context)


def test_ctrl_c_says_that_the_work_is_kept(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.app, "run", interrupted)
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 130 and "the same command goes on from here" in capsys.readouterr().err
