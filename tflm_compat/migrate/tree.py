"""A folder -> the text of what matters in it: sources, assembly, build files; copies of TFLM are known and left out.

Links that leave the folder, loops of links, pipes, binary and unreadable files are not read; Tree.unread lists what
could have mattered.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

SOURCES = (".c", ".cc", ".cpp", ".cxx", ".c++", ".ino", ".pde", ".S", ".s", ".asm")
HEADERS = (".h", ".hh", ".hpp", ".hxx", ".h++", ".inl", ".inc", ".ipp", ".tpp")
ASSEMBLY = (".S", ".s", ".asm")
BUILD_NAMES = re.compile(
    r"CMakeLists\.txt|.*\.cmake|platformio\.ini|[Mm]akefile|GNUmakefile|Kbuild|.*\.mk|Make\.defs|BUILD(\.bazel)?|"
    r"library\.(properties|json)|idf_component\.yml|sdkconfig(\.defaults.*)?|prj\.conf|Kconfig.*|west\.yml|\.gitmodules|"
    r".*\.(slcp|ioc|cproject|uvprojx|ewp|csolution\.yml|cproject\.yml|mbed)|\.cproject|meson\.build|sketch\.ya?ml|"
    r".*\.lib|mbed_app\.json"
)
SKIPPED = re.compile(r"\.git|\.pio|\.svn|build|cmake-build-.*|node_modules|__pycache__|\.venv|bazel-.*")
TFLM_FOLDER = re.compile(
    r"(^|.*/)(tensorflow(?=/(?:lite|compiler)/(?!micro/examples/))|Arduino_TensorFlowLite|signal(?=/(?:micro|src)/)|"
    r"third_party/(?:flatbuffers|gemmlowp|ruy|kissfft|cmsis\w*|ethos_u\w*|hexagon|xtensa|fft2d)|flatbuffers(?=/include/))(/|$)"
)
TFLM_PACKAGE = re.compile(r"(^|.*/)managed_components/[^/]*(?:tflite|tensorflow)[^/]*(?=/)")
MAX_FILE_BYTES = 32 << 20
MAX_BUILD_BYTES = 1 << 20
MAX_FILES = 200_000


@dataclass(frozen=True)
class Tree:
    """texts: {path below the folder: text}; builds: the same of build files; copies: folders that hold TFLM itself."""

    root: Path
    texts: dict[str, str]
    builds: dict[str, str]
    folders: frozenset[str]
    names: frozenset[str]
    copies: tuple[str, ...]
    copied_headers: frozenset[str]
    unread: tuple[str, ...]

    def mentioning(self, word: str) -> list[str]:
        """Files whose text holds `word`, in order."""
        if word not in self._mentions:
            self._mentions[word] = [path for path, text in self.texts.items() if word in text]
        return self._mentions[word]

    @cached_property
    def _mentions(self) -> dict[str, list[str]]:
        return {}

    @cached_property
    def suffixes(self) -> dict[str, list[str]]:
        """{file name: paths of all files called so}."""
        found: dict[str, list[str]] = {}
        for path in self.names:
            found.setdefault(path.rsplit("/", 1)[-1], []).append(path)
        return found

    def included(self, name: str) -> list[str]:
        """The files that `#include "name"` may mean: those whose path ends with it."""
        plain = re.sub(r"^(\.\.?/)+", "", name)
        return [p for p in self.suffixes.get(plain.rsplit("/", 1)[-1], []) if p == plain or p.endswith(f"/{plain}")]


def read_tree(root: Path) -> Tree:
    """Read everything once."""
    texts: dict[str, str] = {}
    builds: dict[str, str] = {}
    folders: set[str] = set()
    names: set[str] = set()
    copies: dict[str, None] = {}
    copied: set[str] = set()
    unread: list[str] = []
    for path in _walk(root, unread):
        package = TFLM_PACKAGE.match(path)
        inside = TFLM_FOLDER.match(path)
        if package or inside:
            if path.endswith(SOURCES + HEADERS):  # not what a build has left behind
                copies.setdefault(package[0] if package else inside[0].rstrip("/"))  # type: ignore[index]
            if path.endswith(HEADERS):
                copied.add(path)
            continue
        names.add(path)
        folders.add(path.rpartition("/")[0])
        name = path.rsplit("/", 1)[-1]
        is_build = BUILD_NAMES.fullmatch(name) is not None
        if is_build or path.endswith(SOURCES + HEADERS):
            text = _read(root / path, MAX_BUILD_BYTES if is_build else MAX_FILE_BYTES)
            if text is None:
                unread.append(path)
            else:
                (builds if is_build else texts)[path] = text
    return Tree(
        root,
        texts,
        builds,
        frozenset(folders),
        frozenset(names),
        tuple(copies),
        frozenset(copied),
        tuple(unread),
    )


def _walk(root: Path, unread: list[str]) -> Iterator[str]:
    """Paths of regular files below `root`, sorted; each folder once, however many links lead to it."""
    inside = os.path.realpath(root)
    seen = {inside}
    pending = [""]
    count = 0
    while pending:
        folder = pending.pop()
        try:
            entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
        except OSError:
            unread.append(folder or ".")
            continue
        below = []
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            try:
                mode = entry.stat().st_mode
            except OSError:
                continue  # a link to nowhere
            if stat.S_ISDIR(mode):
                real = os.path.realpath(root / path)
                if SKIPPED.fullmatch(entry.name) or real in seen:
                    continue
                if not (real + "/").startswith(inside.rstrip("/") + "/"):
                    unread.append(f"{path}/ (a link out of the folder)")
                    continue
                seen.add(real)
                below.append(path)
            elif stat.S_ISREG(mode):
                count += 1
                if count > MAX_FILES:
                    unread.append(f"everything after {MAX_FILES:,} files")
                    return
                yield path
        pending += reversed(below)


def _read(path: Path, limit: int) -> str | None:
    """The text; None where it cannot be read, is too large or is not text."""
    try:
        if path.stat().st_size > limit:
            return None
        data = path.read_bytes()
    except OSError:
        return None
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    if b"\0" in data[:4096]:
        return None
    return data.decode("utf-8-sig", errors="replace")
