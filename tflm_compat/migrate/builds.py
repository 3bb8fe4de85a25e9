"""Build files -> which build systems there are, which program a file belongs to, and which files no build uses."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from functools import cache

from tflm_compat.migrate.tree import HEADERS, SOURCES, Tree

_PROGRAM = re.compile(r"\bproject\s*\(|project\.cmake|find_package\s*\(\s*Zephyr|pico_sdk_init")
_MARKERS = re.compile(
    r"platformio\.ini|prj\.conf|.*\.(slcp|ioc|uvprojx|ewp|cproject\.yml|mbed)|mbed_app\.json|\.cproject"
)
_TEST = re.compile(r"(^|/)(unit_?)?tests?/|(^|/)(test_[^/]*|[^/]*_test)\.(cc|cpp|c|cxx|ino)$|(^|/)host_test/")
_LISTS = re.compile(
    r"CMakeLists\.txt|.*\.cmake|[Mm]akefile|GNUmakefile|.*\.mk|Kbuild|Make\.defs|BUILD(\.bazel)?|meson\.build|.*\.slcp"
)
_WILDCARD = re.compile(
    r"GLOB|SRC_DIRS|wildcard|\*\.c|aux_source_directory|glob\s*\(|COMPONENT_SRCDIRS|shell\s+find|vpath|foreach|\$\{?\(?\w+[})][^\s\"]*\.c"
)


def build_systems(tree: Tree) -> tuple[tuple[str, str], ...]:
    """(build system, file that gives it away), the specific ones first."""
    found = list(_systems(tree))
    top = min((path.count("/") for _, path in found), default=0)
    return tuple((kind, path) for kind, path in found if path.count("/") == top)  # deeper ones belong to libraries


def _systems(tree: Tree) -> Iterator[tuple[str, str]]:
    def first(pattern: str) -> str | None:
        found = [p for p in tree.names if fnmatch.fnmatchcase(p.rsplit("/", 1)[-1], pattern) and not is_example(p)]
        return min(found, key=lambda p: (p.count("/"), p), default=None)

    cmake = first("CMakeLists.txt")
    texts = "\n".join(text for path, text in tree.builds.items() if path.endswith("CMakeLists.txt"))
    if (ini := first("platformio.ini")) is not None:
        yield "platformio", ini
    if cmake and re.search(r"idf_component_register|IDF_PATH|register_component", texts):
        yield "esp-idf", cmake
    elif cmake and re.search(r"find_package\s*\(\s*Zephyr", texts):
        yield "zephyr", cmake
    elif cmake:
        yield "cmake", cmake
    if (sketch := first("*.ino")) is not None:
        yield "arduino", sketch
    for name in ("BUILD", "BUILD.bazel"):
        if (bazel := first(name)) is not None:
            yield "bazel", bazel
    for name in ("Makefile", "makefile", "GNUmakefile"):
        if (make := first(name)) is not None:
            yield "make", make
            break


def is_example(path: str) -> bool:
    """Does it belong to an example or a test of a library that lies in the folder?"""
    return (
        re.search(
            r"(^|/)(components|lib|libs|libraries|managed_components|third_party|external)/.*(examples?|tests?|test_app)/",
            path,
        )
        is not None
    )


def program_folders(tree: Tree) -> set[str]:
    """Folders that a build system starts from."""
    roots = {path.rpartition("/")[0] for path in tree.names if _MARKERS.fullmatch(path.rsplit("/", 1)[-1])}
    roots |= {
        p.rpartition("/")[0]
        for p, text in tree.builds.items()
        if p.endswith("CMakeLists.txt") and _PROGRAM.search(text)
    }
    sketches = {path.rpartition("/")[0] for path in tree.texts if path.endswith((".ino", ".pde"))}
    whole = {root for root in roots if any(s == root or s.startswith(f"{root}/" if root else "") for s in sketches)}
    roots |= {
        s
        for s in sketches
        if not any(s != r and (not r or s.startswith(f"{r}/")) for r in whole if r in roots and _has_main(tree, r))
    }

    return roots


def program_of(tree: Tree) -> dict[str, str]:
    """{source file: folder of the program it belongs to}, the nearest one above it."""
    roots = program_folders(tree)

    @cache
    def nearest(folder: str) -> str:
        return folder if folder in roots or not folder else nearest(folder.rpartition("/")[0])

    return {path: nearest(path.rpartition("/")[0]) for path in tree.texts}


def _has_main(tree: Tree, root: str) -> bool:
    """PlatformIO projects may hold a sketch as their source."""
    return f"{root}/platformio.ini".lstrip("/") in tree.names


def is_test(path: str) -> bool:
    return _TEST.search(path) is not None


def unused_files(tree: Tree) -> dict[str, str]:
    """{source file: why the build does not use it}; those about which build files say nothing are not among them."""
    lists = {p: _uncommented(t) for p, t in tree.builds.items() if _LISTS.fullmatch(p.rsplit("/", 1)[-1])}
    by_folder: dict[str, list[str]] = {}
    for path in lists:
        by_folder.setdefault(path.rpartition("/")[0], []).append(path)
    mentioned = frozenset[str]().union(*(_names_in(text) for text in lists.values()))
    wild = {path for path, text in lists.items() if _WILDCARD.search(text)}
    filters = _source_filters(tree)
    sketches = {p.rpartition("/")[0] for p in tree.texts if p.endswith((".ino", ".pde"))}
    unused: dict[str, str] = {}
    for path in tree.texts:
        if path.endswith(HEADERS) or path.endswith((".ino", ".pde")):
            continue
        name, folder = path.rsplit("/", 1)[-1], path.rpartition("/")[0]
        for root, patterns in filters.items():
            below = path.removeprefix(f"{root}/" if root else "")
            if (not root or path.startswith(f"{root}/")) and not _passes(below, patterns):
                unused[path] = "platformio.ini leaves it out"
        if any(folder == s or folder.startswith(f"{s}/src") for s in sketches):
            continue
        above = [f for f in _ancestors(folder) if f in by_folder]
        if above and not any(root in _ancestors(folder) for root in filters):
            listing = [p for f in above for p in by_folder[f]]
            if not mentioned & {name, f"{name.rpartition('.')[0]}.o"} and not any(p in wild for p in listing):
                unused[path] = f"{listing[0]} does not name it"
    included = _included_files(tree, unused)
    if included is None:
        return {p: why for p, why in unused.items() if tree.texts[p] and p.endswith(SOURCES)}
    headers = {p: "nothing that is built includes it" for p in tree.texts if p.endswith(HEADERS)}
    return {p: why for p, why in (unused | headers).items() if p not in included}


def _included_files(tree: Tree, unused: dict[str, str]) -> set[str] | None:
    """What the files that are built include, sources among it; None where a macro names a header, which may be any."""
    included: set[str] = set()
    pending = [p for p in tree.texts if not p.endswith(HEADERS) and p not in unused]
    seen = set(pending)
    pattern = re.compile(r"#\s*include\s*[<\"]([^>\"]+)[>\"]|#\s*include\s+([A-Z]\w+)")
    while pending:
        text = tree.texts[pending.pop()]
        for match in pattern.finditer(text) if "include" in text else ():
            if match[2]:
                return None
            for path in tree.included(match[1]):
                if path not in seen and path in tree.texts:
                    seen.add(path)
                    included.add(path)
                    pending.append(path)
    return included


def _ancestors(folder: str) -> list[str]:
    parts = folder.split("/") if folder else []
    return ["/".join(parts[:n]) for n in range(len(parts), -1, -1)]


def _uncommented(text: str) -> str:
    return re.sub(r"(?m)(?:^|\s)#.*$", "", text)


def _names_in(text: str) -> frozenset[str]:
    """File names that a build file mentions, without their folders."""
    return frozenset(re.findall(r"[\w.+-]+", text))


def _source_filters(tree: Tree) -> dict[str, list[tuple[str, str]]]:
    """{folder of sources: [(+ or -, pattern)]} of PlatformIO projects whose environments agree."""
    found: dict[str, list[tuple[str, str]]] = {}
    for path, text in tree.builds.items():
        if path.rsplit("/", 1)[-1] != "platformio.ini":
            continue
        root = path.rpartition("/")[0]
        text = re.sub(r"(?m)^\s*[;#].*$", "", text)
        source = re.search(r"(?m)^\s*src_dir\s*=\s*(\S+)", text)
        filters = set(re.findall(r"(?m)^\s*(?:build_)?src_filter\s*=((?:.*\n?)(?:[ \t]+.*\n?)*)", text))
        if len(filters) == 1 and len(re.findall(r"(?m)^\[env:", text)) <= 1:
            folder = "/".join(p for p in (root, source[1] if source else "src") if p and p != ".")
            found[folder] = re.findall(r"([+-])<([^>]*)>", filters.pop())
    return found


def _passes(path: str, patterns: list[tuple[str, str]]) -> bool:
    passes = False
    for sign, pattern in patterns:
        pattern = pattern.removeprefix("./")
        if pattern in ("*", "") or fnmatch.fnmatch(path, pattern) or path.startswith(pattern.rstrip("/*") + "/"):
            passes = sign == "+"
    return passes
