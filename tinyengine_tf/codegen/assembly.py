r"""C with assembly -> the same C, whose string literals are no longer than every C99 compiler accepts.

    __asm__ volatile(            __asm__ volatile(".macro te_piece1\n\t" ... ".endm");
        "..."             ->     __asm__ volatile(".macro te_piece2\n\t" ... ".endm");
        : ...);                  __asm__ volatile("te_piece1\n\t" "te_piece2\n\t" ".purgem ..." : ...);

One statement of assembly is one string literal. Its pieces become assembler macros, whose definitions produce no
instruction, so that it does not matter what the compiler puts between them; all instructions still come from the one
statement that names the operands. Macros end with it: a compiler may copy a function.
"""

from __future__ import annotations

import re

LONGEST_LITERAL = 4095
"""Characters (C99, 5.2.4.1); clang -pedantic warns of more."""

_STATEMENT = re.compile(r'(?m)^(?P<indent> *)__asm__ volatile\(\n(?P<lines>(?: *"(?:[^"\\]|\\.)*"\n)+)')
_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
_PIECE_CHARACTERS = LONGEST_LITERAL - 100
"""Of a piece, beside the lines that begin and end its macro."""


def in_pieces(text: str) -> str:
    """`text` with every long statement of assembly in pieces."""
    return _STATEMENT.sub(_shorter, text)


def literal_characters(lines: str) -> int:
    """Characters of the string that the literals in `lines` are together."""
    return sum(len(re.sub(r"\\.", " ", literal)) for literal in _LITERAL.findall(lines))


def _shorter(statement: re.Match[str]) -> str:
    if literal_characters(statement["lines"]) <= LONGEST_LITERAL:
        return statement[0]
    pieces: list[list[str]] = [[]]
    used = 0
    for line in statement["lines"].splitlines():
        used += literal_characters(line)
        if used > _PIECE_CHARACTERS:
            pieces.append([])
            used = literal_characters(line)
        pieces[-1].append(line)
    # Only a statement with operands gives a per cent sign its meaning; one that is long names its registers.
    assert "%" not in statement["lines"], statement["lines"]
    begin = f"{statement['indent']}__asm__ volatile(\n"
    inner = f"{statement['indent']}    "
    names = [f"te_piece{i + 1}" for i in range(len(pieces))]
    code = ""
    for name, lines in zip(names, pieces, strict=True):
        body = "\n".join(lines)
        body = body[:-1] + '\\n\\t"' if not body.endswith('\\n\\t"') else body
        code += f'{begin}{inner}".macro {name}\\n\\t"\n{body}\n{inner}".endm");\n'
    uses = [*names, *(f".purgem {name}" for name in names)]
    return code + begin + "".join(f'{inner}"{use}\\n\\t"\n' for use in uses)
