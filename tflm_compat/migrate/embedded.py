"""Files that the build turns into symbols -> where each lies: EMBED_FILES, objcopy, .incbin."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tflm_compat.migrate.outcome import Definition, Place
from tflm_compat.migrate.tree import ASSEMBLY, Tree

MAX_MODEL_BYTES = 64 << 20
_FILE = r"[\"']?([\w./${}+-]*?[\w.+-]+\.\w+)[\"']?"
_LISTS = re.compile(
    r"(EMBED_FILES|EMBED_TXTFILES|target_add_binary_data\s*\(|COMPONENT_EMBED_(?:TXT)?FILES\s*[:+]?=|"
    r"board_build\.embed_(?:txt)?files\s*=)([^)]*?)(?=\)|\b[A-Z]+_[A-Z]+\b|\b(?:SRCS|REQUIRES|INCLUDE_DIRS)\b|\n\s*\n|\n\w|\Z)"
)
_RENAME = re.compile(r"RENAME_TO\s+(\w+)")
_INCBIN = re.compile(r"\.incbin\s*\\?[\"']([^\"'\\]+)")
_LABEL = re.compile(r"(?:^|[\n\";])\s*(?:\.global\s+|\.globl\s+)?\"?([A-Za-z_]\w*)\s*:", re.MULTILINE)
_MACRO = re.compile(r"\bINC(?:BIN|TXT)(?:_EXTERN)?\s*\(\s*(?:[\w ]+,\s*)?(\w+)\s*,\s*\"([^\"]+)\"")


def embedded_symbols(tree: Tree) -> dict[str, Definition]:
    """{symbol: definition} of everything that the build or the assembler makes out of files."""
    found: dict[str, Definition] = {}
    for path, text in tree.builds.items():
        plain = re.sub(r"(?m)^\s*[#;].*$", lambda m: " " * len(m[0]), text)
        for match in _LISTS.finditer(plain):
            rename = _RENAME.search(match[2])
            for name in re.finditer(_FILE, match[2]):
                line = plain.count("\n", 0, match.start()) + 1
                what = re.sub(r"\W+$", "", match[1]).strip()
                step = f"take {name[1]} out of {what} in {path}, line {line}"
                for symbol in {rename[1]} if rename else _mangled(name[1]):
                    full = f"_binary_{symbol}_start" if not rename else f"{symbol}_start"
                    found[full] = Definition(Place(path, line), _content(tree, name[1]), _ends(tree, full), step)
                    if rename:
                        found[f"_binary_{symbol}_start"] = found[symbol] = found[full]
        for match in re.finditer(rf"(?:objcopy|OBJCOPY\)?|\bld|LD\)).*(?:-I\s*binary|-b\s*binary).*?{_FILE}", plain):
            line = plain.count("\n", 0, match.start()) + 1
            for symbol in _mangled(match[1]):
                full = f"_binary_{symbol}_start"
                found[full] = Definition(
                    Place(path, line),
                    _content(tree, match[1]),
                    _ends(tree, full),
                    f"take {match[1]} out of {path}, line {line}",
                )
    for path in tree.mentioning("incbin") + tree.mentioning("INCBIN"):
        for symbol, definition in _incbins(tree, path):
            found.setdefault(symbol, definition)
    return found


def _mangled(name: str) -> set[str]:
    """What objcopy makes of a file's name; tools differ in whether the folders belong to it."""
    plain = re.sub(r"^(\$\{?\w+\}?/|\.\.?/)+", "", name)
    return {re.sub(r"\W", "_", part) for part in (plain, plain.rsplit("/", 1)[-1])}


def _content(tree: Tree, name: str) -> bytes | None:
    for path in tree.included(re.sub(r"^(\$\{?\w+\}?/)+", "", name)):
        try:
            if (tree.root / path).stat().st_size <= MAX_MODEL_BYTES:
                return (tree.root / path).read_bytes()
        except OSError:
            continue
    return None


def _ends(tree: Tree, symbol: str) -> str | None:
    """The sources may measure the array by the symbol at its end: then it must stay."""
    stem = symbol.removesuffix("_start")
    for name in (f"{stem}_end", f"{stem}_size", f"{stem}_length"):
        if tree.mentioning(name):
            return f"{tree.mentioning(name)[0]} uses {name}, which only the embedded file has"
    return None


def _incbins(tree: Tree, path: str) -> Iterator[tuple[str, Definition]]:
    text = tree.texts[path]
    labels = [(m.start(), m[1]) for m in _LABEL.finditer(text)]
    at = 0
    for match in _INCBIN.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        while at + 1 < len(labels) and labels[at + 1][0] < match.start():
            at += 1
        if labels and labels[at][0] < match.start():
            after = labels[at + 1][1] if at + 1 < len(labels) else None
            used = after is not None and [p for p in tree.mentioning(after) if p != path]
            reason = f"{used[0]} uses {after}, which marks its end" if used else None
            if reason is None and not path.endswith(ASSEMBLY):
                reason = f"it is made by an asm statement in {path}"
            yield (
                labels[at][1],
                Definition(Place(path, line), _content(tree, match[1]), reason, f"drop {path} from the build"),
            )
    for match in _MACRO.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        definition = Definition(Place(path, line), _content(tree, match[2]), f"it is made by INCBIN in {path}")
        yield f"g{match[1]}Data", definition
        yield match[1], definition
