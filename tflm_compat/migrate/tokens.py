"""C or C++ text -> tokens: comments gone, lines that end in a backslash joined, directives kept as tokens of their own.

Time is linear in the text. A long initializer of plain numbers is one token, so arrays of a megabyte cost little.
Branches of #if are all kept (the parser treats them as alternatives), except those that `#if 0` and `#if 1` rule out.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

MIN_NUMBERS_CHARACTERS = 64
"""Shorter lists stay single tokens: `{1, 2}` may be anything."""


class Token(NamedTuple):
    """kind: name, number, string, char, numbers (a whole {...} of numbers), directive, punct."""

    kind: str
    text: str
    line: int


_SPLICE = re.compile(r"\\[ \t]*\n")
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<comment>//[^\n]*|/\*[\s\S]*?(?:\*/|\Z))
  | (?P<raw>(?:u8|[uUL])?R"(?P<delimiter>[^()\\\s"]{0,16})\()
  | (?P<string>(?:u8|[uUL])?"[^"\\\n]*(?:\\[\s\S][^"\\\n]*)*"?)
  | (?P<char>(?:u8|[uUL])?'[^'\\\n]*(?:\\[\s\S][^'\\\n]*)*'?)
  | (?P<numbers>\{[\s0-9a-fA-FxXuUlL,+-]*\})
  | (?P<number>\.?[0-9](?:[eEpP][+-]|'[0-9a-zA-Z]|[\w.])*)
  | (?P<name>[^\W\d]\w*)
  | (?P<directive>\#(?://[^\n]*|/\*[\s\S]*?(?:\*/|\Z)|[^\n])*)
  | (?P<punct>::|->|\+\+|--|<<=|>>=|<=|>=|==|!=|\+=|-=|\*=|/=|&=|\|=|\^=|%=|&&|\|\||\.\.\.|[\s\S])
    """,
    re.VERBOSE,
)
_WORD_AMONG_NUMBERS = re.compile(r"(?<![0-9a-fA-FxX])[a-fA-FxXuUlL]")
_CONDITIONAL = re.compile(r"^[ \t]*#[ \t]*(if|ifdef|ifndef|else|elif|endif)\b[^\n]*", re.MULTILINE)
_DIRECTIVE = re.compile(r"#\s*(\w*)\s*([\s\S]*)")
_COMMENT = re.compile(r"//[^\n]*|/\*[\s\S]*?(?:\*/|\Z)")


def directive(token: Token) -> tuple[str, str]:
    """(`if`, `define`, ..., the rest of its line)."""
    match = _DIRECTIVE.match(token.text)
    return (match[1], match[2].strip()) if match else ("", "")


def tokenize(text: str, first_line: int = 1) -> list[Token]:
    """All tokens of `text`."""
    text, line_starts = _join_lines(text.replace("\r\n", "\n").replace("\r", "\n"))
    return [
        Token(kind, word, first_line + bisect_right(line_starts, at)) for kind, word, at in _without_dead_branches(text)
    ]


def _join_lines(text: str) -> tuple[str, list[int]]:
    """The text without splices, and the offsets in it at which each line after the first begins."""
    pieces, starts, at, length = [], [], 0, 0
    for splice in _SPLICE.finditer(text) if "\\" in text else ():
        piece = text[at : splice.start()]
        starts += [length + match.end() for match in re.finditer("\n", piece)]
        length += len(piece)
        starts.append(length)
        pieces.append(piece)
        at = splice.end()
    starts += [length + match.end() for match in re.finditer("\n", text[at:])]
    return "".join([*pieces, text[at:]]), starts


def _without_dead_branches(text: str) -> Iterator[tuple[str, str, int]]:
    """(kind, text, offset) of each token outside `#if 0` and the like."""
    at = 0
    taken: list[bool] = []  # for each open #if: is a branch of it known to be the one that counts?
    while (found := _next(text, at)) is not None:
        kind, word, start, at = found
        if kind == "directive":
            name, condition = directive(Token(kind, word, 0))
            condition = _COMMENT.sub("", condition).strip()
            if name in ("if", "ifdef", "ifndef"):
                taken.append(name == "if" and condition in ("1", "true"))
                dead = name == "if" and condition in ("0", "false")
            elif name in ("else", "elif") and taken:
                dead = taken[-1]
            else:
                dead = False
                if name == "endif" and taken:
                    taken.pop()
            yield kind, word, start
            if dead:
                at = _end_of_branch(text, at)
        elif kind:
            yield kind, word, start


def _end_of_branch(text: str, at: int) -> int:
    """Where the #else, #elif or #endif stands that ends the branch which begins at `at`."""
    depth = 0
    for match in _CONDITIONAL.finditer(text, at):
        if match[1] in ("if", "ifdef", "ifndef"):
            depth += 1
        elif depth == 0:
            return match.start()
        elif match[1] == "endif":
            depth -= 1
    return len(text)


def _next(text: str, at: int) -> tuple[str, str, int, int] | None:
    """(kind, text, begin, end) of what stands at `at`; the kind is empty for space and comments."""
    match = _TOKEN.match(text, at)
    if match is None:
        return None
    kind, word = str(match.lastgroup), match[0]
    if kind in ("space", "comment"):
        return "", word, at, match.end()
    if kind in ("raw", "delimiter"):
        closing = f'){match["delimiter"]}"'
        end = text.find(closing, match.end())
        end = len(text) if end < 0 else end + len(closing)
        return "string", text[at:end], at, end
    if kind == "numbers" and (len(word) < MIN_NUMBERS_CHARACTERS or _WORD_AMONG_NUMBERS.search(word)):
        return "punct", "{", at, at + 1
    return kind, word, at, match.end()


_NUMBER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|[0-9]+)")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]+)|([0-7]{1,3})|([\s\S]))|([^\\])")
_PLAIN_ESCAPES = {"n": 10, "t": 9, "r": 13, "0": 0, "a": 7, "b": 8, "f": 12, "v": 11}


def byte_values(tokens: Sequence[Token]) -> bytes | None:
    """The bytes of an initializer of numbers or strings; None where it holds anything else (an #include, names)."""
    if tokens and all(token.kind == "string" for token in tokens):
        return b"".join(_string_bytes(token.text) for token in tokens) + b"\0"
    words: list[str] = []
    sign = ""
    for token in tokens:
        if token.kind == "punct" and token.text in "+-":
            sign = token.text
        elif token.kind in ("numbers", "number"):
            words += _NUMBER.findall(sign + token.text)
            sign = ""
        elif token.kind == "char":
            words += [str(value) for value in _string_bytes(token.text)[:1]]
        elif token.kind != "punct" or token.text not in "{},":
            return None
    return bytes(_value(word) & 0xFF for word in words) if words else None


def _value(word: str) -> int:
    digits = word.lstrip("+-")
    value = int(digits, 16 if digits[:2] in ("0x", "0X") else 8 if re.fullmatch("0[0-7]+", digits) else 10)
    return -value if word[0] == "-" else value


def _string_bytes(literal: str) -> bytes:
    inside = literal[literal.find('"' if '"' in literal else "'") + 1 : -1]
    out = bytearray()
    for hexadecimal, octal, escaped, plain in _ESCAPE.findall(inside):
        if hexadecimal or octal:
            out.append((int(hexadecimal, 16) if hexadecimal else int(octal, 8)) & 0xFF)
        elif escaped:
            out.append(_PLAIN_ESCAPES.get(escaped, ord(escaped) & 0xFF))
        else:
            out += plain.encode("utf-8", "replace")
    return bytes(out)
