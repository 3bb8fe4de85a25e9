"""What a conversion may replace and remove: what it wrote, while nobody changed it. All else is named and stays."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.output.folders import NEW, OLD, content
from tinyengine_tf.errors import UsageError
from tinyengine_tf.output import LIST, write_folder
from tinyengine_tf.output.ownership import MARKER, digest, parse_list, stays_inside


def test_writes_all_and_leaves_no_traces(tmp_path: Path) -> None:
    write_folder(OLD, tmp_path / "new" / "out")
    assert content(tmp_path) == {f"new/out/{path}": text for path, text in OLD.items()}
    assert subprocess.run(["sha256sum", "--quiet", "-c", LIST], cwd=tmp_path / "new" / "out").returncode == 0


@pytest.mark.parametrize("others", [{}, {"notes.txt": "mine"}, {"src/old/mine.c": "int mine;"}])
def test_replaces_its_own_and_keeps_the_users_files(tmp_path: Path, others: dict[str, str]) -> None:
    out = tmp_path / "out"
    write_folder(OLD, out)
    for path, text in others.items():
        (out / path).parent.mkdir(exist_ok=True)
        (out / path).write_text(text)
    write_folder(NEW, out)
    assert content(tmp_path) == {f"out/{path}": text for path, text in (NEW | others).items()}
    assert set(parse_list((out / LIST).read_bytes()) or ()) == set(NEW)


IN_THE_WAY = {
    "CMakeLists.txt": "a user's project",
    "include/net.h": "a user's header",
    "report.json": '{"files": {"src/main.c": {}, "lnk/x.txt": {}}}',
}


@pytest.mark.parametrize("path", IN_THE_WAY)
@pytest.mark.parametrize("force", [False, True])
def test_files_of_others_are_refused_or_forced(tmp_path: Path, path: str, force: bool) -> None:
    out = tmp_path / "out"
    mine = {path: IN_THE_WAY[path], "src/main.c": "int main;", "notes/a.txt": "a"}
    for each, text in mine.items():
        (out / each).parent.mkdir(parents=True, exist_ok=True)
        (out / each).write_text(text)
    if force:
        write_folder(NEW, out, force=True)
        assert content(out) == mine | NEW
        return
    with pytest.raises(UsageError, match="nothing was changed") as error:
        write_folder(NEW, out)
    assert f"{path}: not written by tinyengine_tf" in error.value.message and "--force" in error.value.hint
    assert content(out) == mine and not (out / LIST).exists()


def test_an_edited_file_is_its_editors(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_folder(OLD, out)
    (out / "src/net_weights.c").write_text("tuned by hand")
    (out / "src/old_only.c").write_text("edited, and not in the way")
    before = content(out)
    with pytest.raises(UsageError, match="src/net_weights.c: edited since it was written") as error:
        write_folder(NEW, out)
    assert "old_only" not in str(error.value) and content(out) == before
    write_folder(NEW, out, force=True)
    assert content(out) == NEW | {"src/old_only.c": "edited, and not in the way"}


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    ("place", "make"),
    [
        ("src", lambda place, outside: place.write_text("a file")),
        ("src", lambda place, outside: place.symlink_to(outside)),
        ("include/net.h", lambda place, outside: place.mkdir()),
        ("include/net.h", lambda place, outside: os.mkfifo(place)),
        (LIST, lambda place, outside: place.symlink_to(outside)),
    ],
)
def test_folders_links_and_their_like_are_never_replaced(
    tmp_path: Path, place: str, make: Callable[[Path, Path], None], force: bool
) -> None:
    outside, out = tmp_path / "outside", tmp_path / "out"
    outside.mkdir()
    (outside / "net.c").write_text("keep")
    out.mkdir()
    (out / "x.txt").write_text("mine")
    (out / place).parent.mkdir(exist_ok=True)
    make(out / place, outside)
    before = sorted(map(str, tmp_path.rglob("*")))
    with pytest.raises(UsageError, match="nothing was changed") as error:
        write_folder(NEW, out, force=force)
    assert f"    {place}: " in error.value.message
    assert sorted(map(str, tmp_path.rglob("*"))) == before and (outside / "net.c").read_text() == "keep"


def test_a_linked_file_is_refused_and_forced_without_following_it(tmp_path: Path) -> None:
    outside, out = tmp_path / "precious.h", tmp_path / "out"
    outside.write_text("keep")
    (out / "include").mkdir(parents=True)
    (out / "include/net.h").symlink_to(outside)
    with pytest.raises(UsageError, match="include/net.h: a link"):
        write_folder(NEW, out)
    write_folder(NEW, out, force=True)
    assert outside.read_text() == "keep" and content(out) == NEW


@pytest.mark.parametrize("path", ["../precious", "/precious", "lnk/precious", "a/../../precious", "./precious", "lnk"])
def test_a_hostile_list_removes_nothing(tmp_path: Path, path: str) -> None:
    """Even one that knows the content of what it is after, unless that lies in the folder under its plain name."""
    out, outside = tmp_path / "out", tmp_path / "outside"
    outside.mkdir()
    write_folder(OLD, out)
    for place in (tmp_path / "precious", outside / "precious", out / "precious"):
        place.write_text("keep")
    (out / "lnk").symlink_to(outside)
    with open(out / LIST, "a") as file:
        file.write(f"{digest(b'keep')}  {path}\n")
    write_folder(NEW, out)
    assert all(p.read_text() == "keep" for p in (tmp_path / "precious", outside / "precious", out / "precious"))
    assert content(out) == NEW | {"precious": "keep", "lnk": f"-> {outside}"}


def test_a_list_of_others_is_no_list() -> None:
    line = f"{digest(b'')}  src/a.c\n"
    assert parse_list(f"{MARKER}\n{line}".encode()) == {"src/a.c": frozenset({digest(b"")})}
    for text in ("", line, f"# something else\n{line}", f"{MARKER}\nfiles: src/a.c\n"):
        assert parse_list(text.encode()) is None
    assert parse_list(b"\xff\xfe") is None


@pytest.mark.parametrize("path", ["", ".", "..", "a/..", "a//b", "a/", "/a", "a\\b", "C:a", "a\nb", "a/./b"])
def test_paths_that_leave_a_folder(path: str, tmp_path: Path) -> None:
    assert not stays_inside(path)
    with pytest.raises(UsageError, match="is no path below"):
        write_folder({path: "x"}, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_output_of_version_0_1_is_refused_with_a_hint(tmp_path: Path) -> None:
    for path, text in (OLD | {"report.json": json.dumps({"arena_bytes": 8, "files": [*OLD]})}).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    with pytest.raises(UsageError, match="src/net_weights.c: not written") as error:
        write_folder(NEW, tmp_path)
    assert "older version" in error.value.hint and "--force" in error.value.hint
    write_folder(NEW, tmp_path, force=True)
    assert content(tmp_path).items() >= NEW.items()
    write_folder(OLD, tmp_path)  # from now on it knows its own


def test_equal_files_are_left_alone(tmp_path: Path) -> None:
    """What is there already, byte for byte, is no obstacle, and stays its owner's."""
    (tmp_path / "CMakeLists.txt").write_text(NEW["CMakeLists.txt"])
    (tmp_path / "mine").write_text("")
    write_folder(NEW, tmp_path)
    assert "CMakeLists.txt" not in (parse_list((tmp_path / LIST).read_bytes()) or ())
    write_folder({"src/b.c": ""}, tmp_path)
    assert content(tmp_path) == {"CMakeLists.txt": NEW["CMakeLists.txt"], "mine": "", "src/b.c": ""}


@pytest.mark.parametrize("others", [False, True])
def test_permissions_are_kept(tmp_path: Path, others: bool) -> None:
    out = tmp_path / "out"
    before = os.umask(0o027)
    try:
        write_folder(OLD, out)
        assert stat.S_IMODE(out.stat().st_mode) == 0o750
        assert stat.S_IMODE((out / "src/net.c").stat().st_mode) == 0o640
        out.chmod(0o2775)
        (out / "src/net_weights.c").chmod(0o664)
        if others:
            (out / "mine").write_text("")
        write_folder(NEW, out)
        assert stat.S_IMODE(out.stat().st_mode) == 0o2775
        assert stat.S_IMODE((out / "src/net_weights.c").stat().st_mode) == 0o664
        assert stat.S_IMODE((out / "include/net.h").stat().st_mode) == 0o640
    finally:
        os.umask(before)


def test_a_linked_destination_and_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "out").symlink_to(real)
    write_folder(OLD, tmp_path / "out")
    monkeypatch.chdir(real)
    write_folder(NEW, Path("."))
    assert content(Path.cwd()) == content(real) == NEW and (tmp_path / "out").is_symlink()


@pytest.mark.parametrize("out", ["file", "file/below", "/", "/dev/null"])
def test_a_destination_that_is_no_folder(tmp_path: Path, out: str) -> None:
    (tmp_path / "file").write_text("I am a file")
    with pytest.raises(UsageError):
        write_folder(NEW, tmp_path / out)
    assert content(tmp_path) == {"file": "I am a file"}
