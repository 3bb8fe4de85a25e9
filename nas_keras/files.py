"""Files that are whole or absent, in a folder that one process writes: beside their place first, then renamed."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from tinyengine_tf.errors import UsageError

try:
    import fcntl
except ImportError:  # Windows: folders are not guarded there
    fcntl = None  # type: ignore[assignment]

LOCK = ".lock"


def write_bytes(path: Path, content: bytes) -> None:
    """Replace `path` atomically. Raises UsageError when the disk refuses."""
    temporary = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise UsageError(
            f"cannot write {len(content)} bytes: {error.strerror}",
            where=str(path),
            hint="free some space or choose another folder; finished work there is kept and will be resumed",
        ) from error


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keeps `folder`, made if need be, to this process until the end; the system lets go of it when the process dies.

    Raises UsageError when another one has it, or when the disk refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise UsageError(f"cannot write: {error.strerror}", where=str(folder), hint="choose another folder") from error
    try:
        if fcntl is not None and not _lock(descriptor):
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            raise UsageError(
                f"another search is writing here (process {holder or 'unknown'})",
                where=str(folder),
                hint="wait until it ends, or choose another folder",
            )
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Whether it is ours now. Where the file system knows no locks nobody is kept out."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def write_json(path: Path, value: Any) -> None:
    write_bytes(path, (json.dumps(value, indent=1) + "\n").encode())


def read_json(path: Path) -> Any:
    """The file's value, or None when there is no file."""
    return json.loads(path.read_text()) if path.exists() else None


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """An .npz file."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    write_bytes(path, buffer.getvalue())


def read_arrays(path: Path) -> dict[str, np.ndarray] | None:
    """The arrays of an .npz file, or None when there is no file."""
    if not path.exists():
        return None
    with np.load(path) as file:
        return dict(file)
