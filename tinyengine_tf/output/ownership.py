"""Which files in a folder are ours: those whose content is as a list beside them says that we wrote it.

    tinyengine_tf.sha256     # tinyengine_tf wrote these files ...          MARKER, then a line per file,
                             7d865e95...  src/net.c                         as sha256sum writes and checks them

A file that was edited since is its editor's. While files are being replaced a path has several lines: what it held,
what it will hold, and what stands there in between, so that whatever an interruption leaves is known to be ours.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

LIST = "tinyengine_tf.sha256"
MARKER = "# tinyengine_tf wrote these files and replaces or removes them only while they are as listed. Version 1"
LIST_BYTES_MAX = 1 << 22

Owned = Mapping[str, frozenset[str]]
"""{path below the folder: digests of contents that are ours}"""


def digest(content: bytes) -> str:
    """SHA-256, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def list_text(owned: Owned) -> bytes:
    """The list as a file."""
    lines = [f"{each}  {path}" for path in sorted(owned) for each in sorted(owned[path])]
    return "\n".join([MARKER, *lines, ""]).encode("utf-8")


def parse_list(content: bytes) -> Owned | None:
    """The inverse; None for anything that we did not write. Only paths that stay inside the folder count."""
    try:
        first, *lines = content.decode("utf-8").splitlines()
    except ValueError:
        return None
    if first != MARKER:
        return None
    owned: dict[str, frozenset[str]] = {}
    for line in lines:
        match = re.fullmatch(r"([0-9a-f]{64})  (.+)", line)
        if match is None:
            return None
        if stays_inside(match[2]):
            owned[match[2]] = owned.get(match[2], frozenset()) | {match[1]}
    return owned


def read_list(folder: Path) -> Owned | None:
    """The list in a folder; None where there is none of ours."""
    place = folder / LIST
    if not is_plain(place) or place.stat().st_size > LIST_BYTES_MAX:
        return None
    return parse_list(place.read_bytes())


def stays_inside(path: str) -> bool:
    """Whether a relative path, parts separated by /, means the same on every system and never leaves its folder."""
    return path.isprintable() and not re.search(r"[\\:]|^/|//|/$|(^|/)\.{1,2}(/|$)", path) and bool(path)


def is_plain(place: Path) -> bool:
    """Whether a regular file lies there, not a link to one."""
    try:
        return stat.S_ISREG(os.lstat(place).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def reached_without_links(folder: Path, path: str) -> bool:
    """Whether all folders between `folder` and `path` are folders, not links."""
    place = folder
    for part in path.split("/")[:-1]:
        place = place / part
        try:
            if not stat.S_ISDIR(os.lstat(place).st_mode):
                return False
        except FileNotFoundError:
            return False
    return True


def ours(folder: Path, owned: Owned) -> frozenset[str]:
    """The listed paths that hold what we wrote."""
    return frozenset(
        path
        for path, digests in owned.items()
        if reached_without_links(folder, path)
        and is_plain(folder / path)
        and digest((folder / path).read_bytes()) in digests
    )


def wholly_ours(folder: Path, present: frozenset[str]) -> bool:
    """Whether `folder` holds nothing but the list, the files `present`, and the folders that these lie in."""
    folders = {parent.as_posix() for path in present for parent in Path(path).parents}
    files_here = {*present, LIST}
    for root, names, files in os.walk(folder, onerror=_raise):
        below = Path(root).relative_to(folder)
        for name in names:
            if (below / name).as_posix() not in folders or (Path(root) / name).is_symlink():
                return False
        if any((below / name).as_posix() not in files_here for name in files):
            return False
    return True


def _raise(error: OSError) -> None:
    raise error
