"""Folders are written whole or not at all, and other people's files survive."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tinyengine_tf.errors import UsageError
from tinyengine_tf.output import MANIFEST, write_folder

FILES = {
    "src/a.c": "int a;\n",
    "include/a.h": "extern int a;\n",
    MANIFEST: '{"files": ["src/a.c", "include/a.h", "report.json"]}',
}


def listing(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_writes_all_and_leaves_no_traces(tmp_path: Path) -> None:
    write_folder(FILES, tmp_path / "new" / "out")
    assert listing(tmp_path) == {f"new/out/{k}": v for k, v in FILES.items()}


def test_replaces_its_own_and_keeps_the_users_files(tmp_path: Path) -> None:
    write_folder(FILES, tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    write_folder({"src/b.c": "int b;\n", MANIFEST: "{}"}, tmp_path)
    assert listing(tmp_path) == {"src/b.c": "int b;\n", MANIFEST: "{}", "notes.txt": "mine"}


def test_a_hostile_manifest_deletes_nothing_outside(tmp_path: Path) -> None:
    outside = tmp_path / "precious"
    outside.write_text("keep")
    out = tmp_path / "out"
    out.mkdir()
    (out / MANIFEST).write_text(f'{{"files": ["../precious", "{outside}", 7, null]}}')
    write_folder(FILES, out)
    assert outside.read_text() == "keep"


@pytest.mark.parametrize("fail_at", [0, 1, 2])
def test_full_disk_leaves_everything_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fail_at: int) -> None:
    out = tmp_path / "out"
    write_folder({"src/old.c": "old", MANIFEST: '{"files": ["src/old.c"]}'}, out)
    before, written, real = listing(tmp_path), [], Path.write_text

    def full(self: Path, *args: object, **kwargs: object) -> int:
        if len(written) == fail_at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(self)
        return real(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(UsageError, match="No space left"):
        write_folder(FILES, out)
    monkeypatch.undo()
    assert listing(tmp_path) == before


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt, also where the tests were started in the background with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_interrupt_leaves_everything_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, real = tmp_path / "out", Path.write_text

    def interrupted(self: Path, *args: object, **kwargs: object) -> int:
        os.kill(os.getpid(), signal.SIGINT)
        return real(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_folder(FILES, out)
    monkeypatch.undo()
    assert listing(tmp_path) == {}


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_while_files_move_waits_until_all_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.replace

    def interrupted(*args: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_folder(FILES, tmp_path / "out")
    monkeypatch.undo()
    assert listing(tmp_path / "out") == FILES


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("I am a file")
    with pytest.raises(UsageError, match="is a file"):
        write_folder(FILES, tmp_path / "out")
    assert (tmp_path / "out").read_text() == "I am a file"
