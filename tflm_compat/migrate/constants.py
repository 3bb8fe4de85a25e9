"""Named integer constants of a program, as far as their definitions are plain arithmetic."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping

from tflm_compat.migrate.program import Program
from tflm_compat.migrate.syntax import text_of

_SUFFIX = re.compile(r"\b(0[xX][0-9a-fA-F]+|\d+)[uUlLzZ]+\b")
_CAST = re.compile(r"\(\s*(?:size_t|int|unsigned|uint32_t|int32_t)\s*\)|static_cast\s*<[^>]*>")
_OPERATORS: Mapping[type, Callable[[int, int], int]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: lambda a, b: a // b if b else 0,
    ast.LShift: lambda a, b: a << b if 0 <= b < 32 else 0,
}
MAX_DEPTH = 16
MAX_CHARACTERS = 400


class Constants:
    """Definitions in all files of a program; one name with two different values has none."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def array_bytes(self, name: str) -> int | None:
        """Size of a byte array; None where it is not known."""
        sizes = {
            self.value(text_of(v.length, MAX_CHARACTERS))
            for unit in self._program.units(name)
            for v in unit.variables
            if v.name == name and v.length
        }
        return sizes.pop() if len(sizes) == 1 else None

    def value(self, expression: str, depth: int = 0) -> int | None:
        """The value of an integer expression; None where it is not plain arithmetic over known names."""
        if depth > MAX_DEPTH or len(expression) > MAX_CHARACTERS:
            return None
        text = _CAST.sub("", _SUFFIX.sub(r"\1", expression.replace("'", ""))).replace("/", "//").strip()
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
        if isinstance(node, ast.Name):
            return self._named(node.id, depth)
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            left, right = self._evaluate(node.left, depth), self._evaluate(node.right, depth)
            return None if left is None or right is None else _OPERATORS[type(node.op)](left, right)
        return None

    def _named(self, name: str, depth: int) -> int | None:
        texts = [body for _, body, _ in self._program.macros(name)]
        texts += [
            v.value
            for unit in self._program.units(name)
            for v in unit.variables
            if v.name == name and v.value is not None
        ]
        values = {self.value(text_of(text, MAX_CHARACTERS), depth + 1) for text in texts}
        return values.pop() if len(values) == 1 else None
