"""Named integer constants in C and C++ sources, as far as their definitions are plain arithmetic."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping

_DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+([^\n/]+)", re.MULTILINE)
_CONSTANT = re.compile(r"\b(?:constexpr|const|enum\s*\{)[\w\s:]*?\b(\w+)\s*=\s*([^;{}\n]+)[;}]")
_ARRAY = re.compile(r"\b(?:u?int8_t|unsigned\s+char|char|std::byte)\s+(\w+)\s*\[([^\]]+)\]")
_SUFFIX = re.compile(r"\b(0[xX][0-9a-fA-F]+|\d+)[uUlLzZ]+\b")
_CAST = re.compile(r"\(\s*(?:size_t|int|unsigned|uint32_t|int32_t)\s*\)|static_cast<[^>]*>")
_OPERATORS: Mapping[type, Callable[[int, int], int]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: lambda a, b: a // b if b else 0,
    ast.LShift: lambda a, b: a << b if 0 <= b < 32 else 0,
}
MAX_DEPTH = 16


class Constants:
    """Definitions found in all sources of a firmware; the first one of a name counts."""

    def __init__(self) -> None:
        self._definitions: dict[str, str] = {}
        self._arrays: dict[str, str] = {}

    def add(self, text: str) -> None:
        """Collect from one file without comments."""
        for pattern in (_DEFINE, _CONSTANT):
            for name, expression in pattern.findall(text):
                self._definitions.setdefault(name, expression.strip())
        for name, length in _ARRAY.findall(text):
            self._arrays.setdefault(name, length.strip())

    def array_bytes(self, name: str) -> int | None:
        """Size of a byte array; None where it is not known."""
        return self.value(self._arrays[name]) if name in self._arrays else None

    def value(self, expression: str, depth: int = 0) -> int | None:
        """The value of an integer expression; None where it is not plain arithmetic over known names."""
        if depth > MAX_DEPTH:
            return None
        text = _CAST.sub("", _SUFFIX.sub(r"\1", expression)).replace("/", "//").strip()
        sizeof = re.fullmatch(r"sizeof\s*\(?\s*(\w+)\s*\)?", text)
        if sizeof:
            return self.array_bytes(sizeof[1])
        try:
            return self._evaluate(ast.parse(text, mode="eval").body, depth)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return None

    def _evaluate(self, node: ast.expr, depth: int) -> int | None:
        if isinstance(node, ast.Constant) and type(node.value) is int:
            return node.value
        if isinstance(node, ast.Name) and node.id in self._definitions:
            return self.value(self._definitions[node.id], depth + 1)
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            left, right = self._evaluate(node.left, depth), self._evaluate(node.right, depth)
            return None if left is None or right is None else _OPERATORS[type(node.op)](left, right)
        return None
