"""What lies where our files are to go and is not ours: found before anything is changed, told all at once."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyengine_tf.errors import UsageError
from tinyengine_tf.output.ownership import LIST, Owned, is_plain, read_list

REPORT = "report.json"
SHOWN_MAX = 50


@dataclass(frozen=True)
class Obstacle:
    """Something of the user's. `forced`: --force may put our file in its place."""

    path: str
    what: str
    forced: bool


def find_obstacles(
    folder: Path, files: Mapping[str, bytes], owned: Owned, present: frozenset[str]
) -> tuple[Obstacle, ...]:
    """All obstacles to `files`, of which `present` are ours (see ownership); a file that is equal already is none."""
    found: dict[str, Obstacle] = {}
    for path, content in (*files.items(), (LIST, b"")):
        if path in present or (path == LIST and read_list(folder) is not None):
            continue
        obstacle = _on_the_way(folder, path) or _in_place(folder, path, content, path in owned)
        if obstacle is not None:
            found.setdefault(obstacle.path, obstacle)
    return tuple(found.values())


def _on_the_way(folder: Path, path: str) -> Obstacle | None:
    place = folder
    for part in path.split("/")[:-1]:
        place = place / part
        try:
            mode = os.lstat(place).st_mode
        except FileNotFoundError:
            return None
        if not stat.S_ISDIR(mode):
            what = "a link" if stat.S_ISLNK(mode) else "a file"
            return Obstacle(place.relative_to(folder).as_posix(), f"{what} where a folder must be", forced=False)
    return None


def _in_place(folder: Path, path: str, content: bytes, listed: bool) -> Obstacle | None:
    place = folder / path
    try:
        status = os.lstat(place)
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(status.st_mode):
        return Obstacle(path, "a link", forced=path != LIST)
    if not stat.S_ISREG(status.st_mode):
        what = "a folder" if stat.S_ISDIR(status.st_mode) else "something else than a file"
        return Obstacle(path, f"{what} where a file must be", forced=False)
    if status.st_size == len(content) and place.read_bytes() == content:
        return None
    return Obstacle(path, "edited since it was written" if listed else "not written by tinyengine_tf", forced=True)


def refusal(out: Path, folder: Path, obstacles: Sequence[Obstacle], force: bool) -> UsageError:
    """The error that lists them, and what to do about them."""
    lines = [f"{o.path}: {o.what}" for o in obstacles[:SHOWN_MAX]]
    if len(obstacles) > SHOWN_MAX:
        lines.append(f"and {len(obstacles) - SHOWN_MAX} more")
    if force or not any(o.forced for o in obstacles):
        hint = "move them away or choose another folder; --force replaces files only"
    elif _looks_like_version_0_1(folder):
        hint = "an older version wrote this folder without telling what is its own: --force replaces these files"
    else:
        hint = "choose another folder, move them away, or add --force to replace files (others are never removed)"
    return UsageError(
        "\n    ".join([f"{out} holds what tinyengine_tf did not write; nothing was changed", *lines]), hint=hint
    )


def _looks_like_version_0_1(folder: Path) -> bool:
    """A report that lists itself: what versions without a list of digests left."""
    try:
        report = json.loads((folder / REPORT).read_bytes()) if is_plain(folder / REPORT) else None
    except (OSError, ValueError, RecursionError):
        return False
    if not isinstance(report, dict):
        return False
    files = report.get("files")
    return isinstance(files, list) and REPORT in files and "arena_bytes" in report
