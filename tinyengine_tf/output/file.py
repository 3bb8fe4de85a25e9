"""One file, complete or not at all."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from tinyengine_tf.errors import UsageError
from tinyengine_tf.output.stopping import unwinding


def write_text(path: Path, text: str) -> None:
    """Write a file that the user named, replacing what is there. Raises UsageError when it cannot be written."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """The same for bytes. A device or pipe is written to, not replaced; of a link the file that it leads to is."""
    try:
        place = Path(os.path.realpath(path))
        if place.exists() and not place.is_file() and not place.is_dir():
            place.write_bytes(data)
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        with unwinding():
            _replace(place, data)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}", hint="give the path of a file") from error


def _replace(place: Path, data: bytes) -> None:
    partial = place.with_name(f".{place.name}.tinyengine_tf.partial")
    with suppress(FileNotFoundError):
        partial.unlink()
    try:
        with open(partial, "xb") as file:
            file.write(data)
        if place.is_file():
            shutil.copymode(place, partial)
        os.replace(partial, place)
    finally:
        partial.unlink(missing_ok=True)
