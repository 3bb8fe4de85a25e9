"""Folders of ours beside or in the destination, in which everything is prepared, and what a kill has left of them.

A staging folder begins with a list of all paths that it may ever hold, and nothing else is removed with it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tinyengine_tf.errors import UsageError
from tinyengine_tf.output.ownership import LIST, Owned, list_text, reached_without_links, read_list
from tinyengine_tf.output.stopping import held

SUFFIX = "tinyengine_tf.staging"


def beside(folder: Path) -> Path:
    """Where the next version of a whole folder is prepared."""
    return folder.with_name(f".{folder.name}.{SUFFIX}")


def within(folder: Path) -> Path:
    """Where files for a folder that stays are prepared: on the same file system for certain."""
    return folder / f".{SUFFIX}"


@contextmanager
def staged(place: Path, files: Mapping[str, bytes], owned: Owned, modes_of: Path | None = None) -> Iterator[None]:
    """`place` as a new folder with `files` and the list `owned`, removed at the end (or what has been renamed to it).

    Files and folders get the permissions of those that have the same path below the folder `modes_of`.
    """
    discard(place)
    if os.path.lexists(place):
        raise UsageError(f"{place} holds files that are not ours", hint="move them away")
    try:
        place.mkdir()
        (place / LIST).write_bytes(list_text(owned))
        for path, content in files.items():
            for parent in tuple(reversed(Path(path).parents))[1:]:
                if not (place / parent).is_dir():
                    (place / parent).mkdir()
                    if modes_of is not None:
                        copy_mode(modes_of / parent, place / parent)
            (place / path).write_bytes(content)
            if modes_of is not None:
                copy_mode(modes_of / path, place / path)
        yield
    finally:
        with held(), suppress(OSError):  # what stays is found and removed by the next run
            discard(place)


def discard(place: Path) -> None:
    """Remove a staging folder; of its content only what its list names."""
    if place.is_symlink() or not place.is_dir():
        return
    owned = read_list(place)
    if owned is not None:
        for path in owned:
            if reached_without_links(place, path):
                (place / path).unlink(missing_ok=True)
        remove_empty_folders(place, owned)
    if set(os.listdir(place)) <= {LIST}:  # a kill may have left the list itself unfinished
        (place / LIST).unlink(missing_ok=True)
        place.rmdir()


def remove_empty_folders(folder: Path, paths: Iterable[str]) -> None:
    """Remove the folders below `folder` that `paths` lay in, where nothing is left in them."""
    for path in paths:
        for parent in tuple(Path(path).parents)[:-1]:
            if reached_without_links(folder, f"{parent.as_posix()}/x"):
                if not os.listdir(folder / parent):
                    (folder / parent).rmdir()


def copy_mode(source: Path, target: Path) -> None:
    """Give `target` the permissions of `source`, where that is there and no link."""
    if not source.is_symlink() and source.exists():
        shutil.copymode(source, target)
