"""Evaluated networks as lines of a file: what a search that was stopped goes on from.

{"fitness": 0.83, "arch": {...}, "seconds": 12.5}      seconds: the search's own time when this was written
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyengine_tf.errors import UsageError


@dataclass(frozen=True)
class Line:
    """One evaluated network, as Arch.to_json wrote it."""

    arch: dict[str, Any]
    fitness: float
    seconds: float = 0.0


def read(path: Path | None) -> Iterator[Line]:
    """What is recorded; a last line that a kill cut short is dropped from the file."""
    if path is None or not path.exists():
        return
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        os.truncate(path, len(whole))
    for line in whole.splitlines():
        value = json.loads(line)
        yield Line(value["arch"], value["fitness"], value.get("seconds", 0.0))


def append(path: Path | None, line: Line) -> None:
    """The line is on the disk when this returns."""
    if path is None:
        return
    value = {"fitness": line.fitness, "arch": line.arch, "seconds": round(line.seconds, 3)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "a") as file:
            file.write(json.dumps(value) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise UsageError(
            f"cannot write: {error.strerror}", where=str(path), hint="free some space; the search will resume"
        ) from error
