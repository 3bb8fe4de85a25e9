"""Killed, terminated, interrupted or failing before every single thing that writing does to the disk.

Python's audit events tell of each (open, rename, mkdir, unlink, ...) before it happens, whatever the code looks like.
Each case is a forked process that is stopped at one of them.
"""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.output.folders import NEW, OLD, compiles, content
from tinyengine_tf.errors import UsageError
from tinyengine_tf.output import write_bytes, write_folder

EFFORT = int(os.environ.get("TINYENGINE_FUZZ", "1"))  # `make nightly` takes every event, `make test` some
EVENTS = ("open", "os.", "shutil.", "ctypes.")
DONE, REFUSED, INTERRUPTED = 0, 2, 130
STARTS = ("new", "ours", "mixed", "forced")


def start(folder: Path, kind: str) -> dict[str, str]:
    """A folder as a conversion finds it; what it holds then."""
    out = folder / "out"
    if kind != "new":
        write_folder(OLD, out)
    if kind in ("mixed", "forced"):
        (out / "notes").mkdir()
        (out / "notes/mine.txt").write_text("mine")
    if kind == "forced":
        (out / "src/net_weights.c").write_text('#include "net_weights.h"\nconst int weight = 3;\n')
    return content(out)


def finished(kind: str) -> dict[str, str]:
    return NEW | ({"notes/mine.txt": "mine"} if kind in ("mixed", "forced") else {})


def write(folder: Path, kind: str) -> None:
    write_folder(NEW, folder / "out", force=kind == "forced")


def in_child(task: Callable[[], None], at: int, act: Callable[[], None], always: bool = False) -> tuple[int, bool]:
    """(status, whether event number `at` was reached) of a process that does `task` and there does `act`."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = DONE
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            counted = acting = 0

            def hook(event: str, arguments: tuple[object, ...]) -> None:
                nonlocal counted, acting
                if event.startswith(EVENTS) and not acting:
                    counted += 1
                    if counted == at or (always and counted > at):
                        os.write(writer, b"!")
                        acting = 1
                        try:
                            act()
                        finally:
                            acting = 0

            sys.addaudithook(hook)
            task()
        except KeyboardInterrupt as stopped:
            code = INTERRUPTED
            os.write(writer, str(stopped).encode())
        except UsageError as error:
            code = REFUSED
            os.write(writer, str(error).encode())
        except BaseException as error:
            code = 99
            os.write(writer, repr(error).encode())
        finally:
            os._exit(code)
    os.close(writer)
    with open(reader, "rb") as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    reached = text.startswith(b"!")
    in_child.said = text.lstrip(b"!").decode()  # type: ignore[attr-defined]
    return os.waitstatus_to_exitcode(status), reached


def said() -> str:
    return in_child.said  # type: ignore[attr-defined,no-any-return]


def cases(
    tmp_path: Path, kind: str, act: Callable[[], None], always: bool = False
) -> Iterator[tuple[Path, dict[str, str], int]]:
    """(folder, content before, exit status) for every event at which a write can be stopped."""
    stride = 1 if EFFORT > 1 else 5
    for at in range(1, 1000, stride):
        folder = tmp_path / str(at)
        folder.mkdir()
        before = start(folder, kind)
        status, reached = in_child(partial(write, folder, kind), at, act, always)
        if not reached:
            assert at > 10 and status == DONE
            return
        yield folder, before, status
        shutil.rmtree(folder)
    raise AssertionError("does it ever end?")


def is_of_one_version(left: dict[str, str], before: dict[str, str]) -> bool:
    """Whether the C files are all old or all new."""
    sources = {path: text for path, text in left.items() if path.endswith((".c", ".h"))}
    return any(all(version.get(path) == text for path, text in sources.items()) for version in (before, NEW))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("kind", STARTS)
def test_kill(tmp_path: Path, kind: str) -> None:
    """What is left is the old, the new, or does not compile; users' files are there; the next run repairs all."""
    seen = set()
    for folder, before, status in cases(tmp_path, kind, die):
        assert status == -signal.SIGKILL
        out = folder / "out"
        left = {path: text for path, text in content(out).items() if "staging" not in path}
        whole = left == before or left == finished(kind) or finished(kind).items() <= left.items()
        seen.add("old" if left == before else "new" if whole else "between")
        if kind in ("new", "ours"):
            assert left in (before, finished(kind))
        elif not whole:
            assert left["notes/mine.txt"] == "mine"
            assert is_of_one_version(left, before) or not compiles(out), left
        if kind == "forced" and left.get("src/net_weights.c") == before["src/net_weights.c"]:
            with pytest.raises(UsageError, match="src/net_weights.c: (edited|not written)"):
                write_folder(NEW, out)
        write(folder, kind)
        assert content(folder) == {f"out/{p}": t for p, t in finished(kind).items()}
    assert seen >= {"new": {"old"}, "ours": {"old", "new"}}.get(kind, {"old", "new", "between"})


@pytest.mark.parametrize("kind", STARTS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals(tmp_path: Path, kind: str, number: signal.Signals) -> None:
    """Old or new, nothing beside it, and the message says which."""
    seen = set()
    for folder, before, status in cases(tmp_path, kind, lambda: os.kill(os.getpid(), number)):
        now = content(folder / "out")
        assert now in (before, finished(kind)), now
        assert sorted(p.name for p in folder.iterdir()) == (["out"] if now else [])
        if status != DONE:  # a signal after all is done may go unheard in Python's last steps
            assert status == (INTERRUPTED if number == signal.SIGINT else -number), said()
        if status == INTERRUPTED:
            assert said().startswith("nothing was written" if now == before else "all files are in")
        seen.add(now == before)
    assert seen >= ({True} if kind == "new" else {True, False})  # a new folder gets its name in the last step


@pytest.mark.parametrize("kind", STARTS)
def test_one_failure_undoes_everything(tmp_path: Path, kind: str) -> None:
    """A disk that refuses once: nothing changed, and said so; or the refusal did not matter, and all is new."""

    def fail() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    refused = 0
    for folder, before, status in cases(tmp_path, kind, fail):
        assert status in (DONE, REFUSED), said()
        left = {p: t for p, t in content(folder / "out").items() if "staging" not in p}
        assert left == (before if status == REFUSED else finished(kind))
        if status == REFUSED:
            assert "No space left" in said() and "nothing was changed" in said()
            refused += 1
        write(folder, kind)
        assert content(folder) == {f"out/{p}": t for p, t in finished(kind).items()}
    assert refused


@pytest.mark.parametrize("kind", STARTS)
def test_a_disk_that_dies(tmp_path: Path, kind: str) -> None:
    """From some moment on everything fails, undoing, too: what is said is true, and the next run repairs it."""

    def fail() -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    half = 0
    for folder, before, status in cases(tmp_path, kind, fail, always=True):
        assert status in (DONE, REFUSED), said()
        left = {p: t for p, t in content(folder / "out").items() if "staging" not in p}
        if "between two versions" in said():
            half += 1
            assert is_of_one_version(left, before) or not compiles(folder / "out")
        elif status == REFUSED:
            assert left == before and "nothing was changed" in said()
        write(folder, kind)
        assert content(folder) == {f"out/{p}": t for p, t in finished(kind).items()}
    assert (half > 0) == (kind in ("mixed", "forced"))


@pytest.mark.parametrize("kind", STARTS)
@pytest.mark.parametrize("killed", [False, True])
def test_a_full_disk_in_the_middle_of_a_file(tmp_path: Path, kind: str, killed: bool) -> None:
    """Files end at a limit: an error as on a full disk, or a kill that leaves an unfinished file."""
    for limit in (0, 10, 60):
        folder = tmp_path / f"{limit}"
        folder.mkdir()
        before = start(folder, kind)

        def task(folder: Path = folder, limit: int = limit) -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL if killed else signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            write(folder, kind)

        status, _ = in_child(task, 0, die)
        assert status == (-signal.SIGXFSZ if killed else REFUSED), said()
        assert {p: t for p, t in content(folder / "out").items() if "staging" not in p} == before
        assert killed or ("nothing was changed" in said() and content(folder / "out") == before)
        write(folder, kind)
        assert content(folder) == {f"out/{p}": t for p, t in finished(kind).items()}


def test_one_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    for at in range(1, 100):
        page.write_text("old")
        status, reached = in_child(lambda: write_bytes(page, b"new"), at, die)
        assert content(tmp_path).pop("page.html") in ("old", "new")
        write_bytes(page, b"repaired")
        assert content(tmp_path) == {"page.html": "repaired"}
        page.write_text("old")
        in_child(lambda: write_bytes(page, b"new"), at, lambda: os.kill(os.getpid(), signal.SIGTERM))
        assert set(content(tmp_path)) == {"page.html"}
        if not reached:
            return
    raise AssertionError("does it ever end?")


def test_a_device_is_written_to_and_not_replaced() -> None:
    before = os.stat("/dev/full").st_rdev
    with pytest.raises(UsageError, match="No space left"):
        write_bytes(Path("/dev/full"), b"x")
    assert os.stat("/dev/full").st_rdev == before != 0
