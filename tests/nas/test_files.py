"""A full disk and Ctrl-C leave whole files behind, and say what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from nas_keras import cli
from nas_keras.families.mbconv.space import Space
from nas_keras.files import read_json, write_json
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
