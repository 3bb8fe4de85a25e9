"""Assembly is written in tinyengine_tf/machine alone: no unchecked strings in Python, none that templates compute."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import tinyengine_tf
from tests.machine.forms import FORMS

PACKAGE = Path(tinyengine_tf.__file__).parent
MNEMONICS = {re.split(r"[. ]", case.text)[0] for form in FORMS for case in form.cases}
LOOKS_LIKE_ASSEMBLY = re.compile(r"\s*(\w+?)t?(?:\.\w+)* (?:\{?(?:r\d|q\d|s\d|d\d|sp\b|lr\b)|%\d|\[)")
STATEMENT = re.compile(r"__asm__(?: volatile)?\((.*?)\);", re.DOTALL)


def is_assembly(text: str) -> bool:
    found = LOOKS_LIKE_ASSEMBLY.match(text)
    return found is not None and found[1] in MNEMONICS


def strings(path: Path) -> list[str]:
    """The literals of a module, and the beginnings of formatted ones; no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def test_python_holds_no_instructions_as_text() -> None:
    assert is_assembly("ldr r0, [r1]") and is_assembly("vldrbt.s16 q1, [r3]") and is_assembly("smlad %0, %1")
    found = [
        f"{path.relative_to(PACKAGE)}: {text}"
        for path in PACKAGE.rglob("*.py")
        if "machine" not in path.parts
        for text in strings(path)
        if is_assembly(text)
    ]
    assert found == []


def test_templates_hold_single_fixed_instructions_at_most() -> None:
    """What remains is one instruction each, on operands of C: nothing is chosen, counted or computed around it."""
    for path in PACKAGE.rglob("*.j2"):
        for statement in STATEMENT.findall(path.read_text(encoding="utf-8")):
            code = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', statement.split(":")[0]))
            assert "{{" not in statement and "{%" not in statement, f"{path.name}: {statement}"
            assert r"\n" not in code, f"{path.name}: {statement}"
