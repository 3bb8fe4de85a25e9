"""A bundle -> a folder: all of it or nothing, and nothing of anybody else's.

    new folder                 prepared beside it, then renamed: one step
    holds only our files       prepared beside it, then the two are exchanged: one step
    holds others' files, too   prepared in it; then
                                   the list says what is ours in all states to come
                                   every file that changes or goes makes way for a stub that no compiler accepts
                                   the new files take the place of the stubs, the other stubs go
                                   the list says what is ours now

So a kill at any moment leaves the old version, the new one, or one that does not compile and says why; the next run
finds all of it listed as ours, and replaces it. An error undoes what was done.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tinyengine_tf.errors import UsageError
from tinyengine_tf.output.obstacles import find_obstacles, refusal
from tinyengine_tf.output.ownership import (
    LIST,
    Owned,
    digest,
    is_plain,
    list_text,
    ours,
    read_list,
    stays_inside,
    wholly_ours,
)
from tinyengine_tf.output.staging import beside, copy_mode, discard, remove_empty_folders, staged, within
from tinyengine_tf.output.stopping import held, unwinding

STUB = b'#error "tinyengine_tf convert was interrupted while it replaced these files: run it again"\n'
LOCK_SECONDS_MAX = 60


def write_folder(files: Mapping[str, str], out: Path, *, force: bool = False) -> None:
    """Put `files` {relative path: text} into `out`, creating it if need be; files that we wrote there before and that
    `files` lacks go.

    force   replace files of others, too; their other files, and what lies behind links, stay in any case
    Raises UsageError when others' files are in the way or the folder cannot be written; then `out` is as it was.
    """
    astray = [path for path in files if not stays_inside(path) or path == LIST]
    if astray:
        raise UsageError(f"{astray[0]!r} is no path below {out}", hint="relative, without . and .. and : and \\")
    content = {path: text.encode("utf-8") for path, text in files.items()}
    folder = Path(os.path.realpath(out))
    done: list[Path] = []
    try:
        with unwinding(), _locked(folder.parent):
            _write(content, out, folder, force, done)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"all files are in {out}" if done else "nothing was written") from None
    except OSError as error:
        raise UsageError(
            f"cannot write {out}: {_reason(error)}; nothing was changed", hint="free some space or choose another --out"
        ) from error


def _write(content: Mapping[str, bytes], out: Path, folder: Path, force: bool, done: list[Path]) -> None:
    """`done` gets the folder as soon as the new version counts."""
    if not os.path.lexists(folder):
        _create(content, folder, done)
        return
    if not folder.is_dir() or not folder.name:
        raise UsageError(f"{out} is no folder to write to", hint="give a folder of its own with --out")
    listed = read_list(folder) or {}
    present = ours(folder, listed)
    obstacles = find_obstacles(folder, content, listed, present)
    if any(not (force and o.forced) for o in obstacles):
        raise refusal(out, folder, obstacles, force)
    for leftover in (beside(folder), within(folder)):
        with suppress(OSError):
            discard(leftover)
    if not (wholly_ours(folder, present) and _exchange_all(content, folder, done)):
        _Switch.of(content, folder, listed, present, force).carry_out(done)


def _create(content: Mapping[str, bytes], folder: Path, done: list[Path]) -> None:
    with _folders_above(folder):
        staging = beside(folder)
        with staged(staging, content, _digests(content)), held():
            os.rename(staging, folder)
            done.append(folder)


@contextmanager
def _folders_above(folder: Path) -> Iterator[None]:
    """Make them; on an error remove those made."""
    made: list[Path] = []
    try:
        for parent in reversed(folder.parents):
            if not parent.exists():
                parent.mkdir()
                made.append(parent)
        yield
    except BaseException:
        for parent in reversed(made):
            with suppress(OSError):
                parent.rmdir()
        raise


def _exchange_all(content: Mapping[str, bytes], folder: Path, done: list[Path]) -> bool:
    """Exchange the folder for a new one. False, and nothing changed, where that is not possible.

    Not where somebody may be inside, nor where a new folder would belong to somebody else.
    """
    staging = beside(folder)
    inside = Path(os.path.realpath(os.curdir)).is_relative_to(folder)
    if inside or os.path.ismount(folder) or not os.access(folder.parent, os.W_OK | os.X_OK):
        return False
    with staged(staging, content, _digests(content), folder):
        was, new = folder.stat(), staging.stat()
        if (was.st_dev, was.st_uid, was.st_gid) != (new.st_dev, new.st_uid, new.st_gid):
            return False
        staging.chmod(was.st_mode & 0o7777)
        with held():
            if not _exchange(staging, folder):
                return False
            done.append(folder)
    return True


def _exchange(first: Path, second: Path) -> bool:
    """Let two folders swap names in one step; False where the system cannot."""
    try:
        renameat2 = ctypes.CDLL(None).renameat2
    except (OSError, AttributeError, TypeError):
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return bool(renameat2(here, os.fsencode(first), here, os.fsencode(second), exchange) == 0)


@dataclass(frozen=True)
class _Switch:
    """How files of a folder that stays are replaced.

    moved      paths to put in place           gone      paths of ours that the new version lacks
    replaced   the paths among both that are there now
    during     what is ours until all is done, what we left there before included
    after      what is ours then
    """

    folder: Path
    content: Mapping[str, bytes]
    moved: tuple[str, ...]
    gone: tuple[str, ...]
    replaced: tuple[str, ...]
    during: Owned
    after: Owned

    @classmethod
    def of(
        cls, content: Mapping[str, bytes], folder: Path, listed: Owned, present: frozenset[str], force: bool
    ) -> _Switch:
        theirs = {p for p, data in content.items() if p not in present and _holds(folder / p, data)}
        moved = tuple(p for p in content if force or p not in theirs)
        after = {p: d for p, d in _digests(content).items() if p in moved}
        gone = tuple(sorted(present - set(content)))
        replaced = tuple(p for p in (*moved, *gone) if os.path.lexists(folder / p))
        stub = frozenset({digest(STUB)})
        during = {p: listed.get(p, frozenset()) | after.get(p, frozenset()) | stub for p in {**listed, **after}}
        return cls(folder, content, moved, gone, replaced, during, after)

    def carry_out(self, done: list[Path]) -> None:
        place = within(self.folder)
        files = {f"new/{p}": self.content[p] for p in self.moved}
        files |= {f"stub/{p}": STUB for p in self.replaced}
        files |= {"during": list_text(self.during), "after": list_text(self.after)}
        if os.path.lexists(self.folder / LIST):
            files["before"] = (self.folder / LIST).read_bytes()
        passing = dict.fromkeys([*files, *(f"old/{p}" for p in self.replaced)], frozenset({digest(b"")}))
        with staged(place, files, passing):
            for path in self.replaced:
                (place / "old" / path).parent.mkdir(parents=True, exist_ok=True)
                if path in self.content:
                    copy_mode(self.folder / path, place / "new" / path)
            with held():
                self._replace(place)
                done.append(self.folder)

    def _replace(self, place: Path) -> None:
        undo: list[Callable[[], object]] = []
        try:
            for path in self.moved:
                for parent in tuple(reversed(Path(path).parents))[1:]:
                    self._make(self.folder / parent, undo)
            listed = self.folder / LIST
            os.replace(place / "during", listed)
            before = place / "before"
            undo.append(lambda: os.replace(before, listed) if before.exists() else listed.unlink())
            for path in self.replaced:
                old, here = place / "old" / path, self.folder / path
                os.rename(here, old)
                undo.append(partial(_put_back, old, here))
                os.rename(place / "stub" / path, here)
            for path in self.moved:
                here = self.folder / path
                os.replace(place / "new" / path, here)
                if path not in self.replaced:
                    undo.append(here.unlink)
            for path in self.gone:
                (self.folder / path).unlink()
            remove_empty_folders(self.folder, self.during.keys() - self.after.keys())
            os.replace(place / "after", self.folder / LIST)
        except BaseException as error:
            self._undo(undo, error)
            raise

    def _make(self, folder: Path, undo: list[Callable[[], object]]) -> None:
        if not folder.is_dir():
            folder.mkdir()
            undo.append(folder.rmdir)

    def _undo(self, undo: list[Callable[[], object]], error: BaseException) -> None:
        try:
            for step in reversed(undo):
                step()
        except OSError as second:
            raise UsageError(
                f"{self.folder} is left between two versions: {_reason(second)}, after {_reason(error)}",
                hint="mend the cause and run the same command again; until then a build stops at #error",
            ) from error


def _put_back(old: Path, here: Path) -> None:
    here.parent.mkdir(parents=True, exist_ok=True)
    os.replace(old, here)


def _digests(content: Mapping[str, bytes]) -> dict[str, frozenset[str]]:
    return {path: frozenset({digest(data)}) for path, data in content.items()}


def _holds(place: Path, data: bytes) -> bool:
    return is_plain(place) and place.stat().st_size == len(data) and place.read_bytes() == data


def _reason(error: BaseException) -> str:
    if not isinstance(error, OSError):
        return str(error) or type(error).__name__
    return f"{error.strerror or error}" + (f" ({error.filename})" if error.filename else "")


@contextmanager
def _locked(parent: Path) -> Iterator[None]:
    """One run at a time writes folders in `parent`, as far as the system has locks."""
    try:
        import fcntl

        descriptor = os.open(parent, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        give_up = time.monotonic() + LOCK_SECONDS_MAX
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > give_up:
                    raise UsageError(f"another run is writing in {parent}", hint="wait for it, or end it") from None
                time.sleep(0.02)
            except OSError:
                break  # a file system without locks
        yield
    finally:
        os.close(descriptor)
