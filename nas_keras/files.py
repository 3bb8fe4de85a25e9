"""Files that are whole or absent: everything is written beside its place and then renamed."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from tinyengine_tf.errors import UsageError


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
