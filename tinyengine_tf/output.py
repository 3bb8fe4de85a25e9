"""Write a bundle to a folder: all of it or nothing.

Everything is first written to a folder beside the destination, so that a full disk or an
interruption leaves the destination untouched; then the files are moved into place, which
needs no space. Files of an earlier conversion that the new one lacks are removed; files that
we did not write are never touched.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tinyengine_tf.errors import UsageError

MANIFEST = "report.json"


def write_folder(files: Mapping[str, str], out: Path) -> None:
    """Put `files` {relative path: text} into `out`, creating it if need be.

    Raises UsageError when the folder cannot be written; then `out` is as it was.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.exists() and not out.is_dir():
            raise UsageError(f"{out} is a file", hint="give a folder with --out")
        with _staging(out) as staging:
            for path, text in files.items():
                (staging / path).parent.mkdir(parents=True, exist_ok=True)
                (staging / path).write_text(text, encoding="utf-8", newline="\n")
            with _uninterrupted():
                _move_in(files, staging, out)
    except OSError as error:
        raise UsageError(
            f"cannot write {out}: {error.strerror or error}", hint="free some space or choose another --out"
        ) from error


def write_text(path: Path, text: str) -> None:
    """Write one file, complete or not at all. Raises UsageError when it cannot be written."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """The same for bytes."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data)
        os.replace(partial, path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error


@contextmanager
def _staging(out: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _move_in(files: Mapping[str, str], staging: Path, out: Path) -> None:
    stale = _earlier_files(out) - set(files)
    for path in files:
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        os.replace(staging / path, out / path)
    for path in stale:
        (out / path).unlink(missing_ok=True)


def _earlier_files(out: Path) -> set[str]:
    """Files that an earlier conversion put there, as its report says; only paths inside the folder count."""
    try:
        listed = json.loads((out / MANIFEST).read_text(encoding="utf-8"))["files"]
        return {p for p in listed if isinstance(p, str) and not Path(p).is_absolute() and ".." not in Path(p).parts}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold back Ctrl-C and termination for the moment it takes to move files."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is interrupted
        return
    pending: list[int] = []
    before = {
        s: signal.signal(s, lambda number, frame: pending.append(number)) for s in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for stopper, handler in before.items():
            signal.signal(stopper, handler)
        for number in pending:
            signal.raise_signal(number)
