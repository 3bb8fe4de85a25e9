"""The tokens of one file -> what it declares: variables, functions with their bodies, classes, macros, assignments.

Not a compiler's parser: no types are checked and templates are looked through. It keeps apart what migrate must keep
apart: who owns a name (namespace, class, function), how it is linked, what value it is given, and in which #if branch.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

from tflm_compat.migrate.syntax import (
    FLOW,
    NO_DECLARATION,
    Tokens,
    after_template,
    closing,
    constructor_initializers,
    declarators,
    parameters,
    split,
    top,
    without_attributes,
)
from tflm_compat.migrate.tokens import Token, directive, tokenize

Branch = tuple[tuple[int, int], ...]
"""For each #if around: (its number in the file, which of its branches)."""

ANONYMOUS = "(anonymous)"
LABELS = {"case", "default", "public", "private", "protected"}
CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class Variable:
    """`value` is what it is initialized with, None without; `function` the one it is local to, `owner` its class."""

    name: str
    qualified: str
    path: str
    line: int
    words: tuple[str, ...]
    is_array: bool
    value: Tokens | None
    owner: str | None
    function: Function | None
    label: str | None
    branch: Branch
    length: Tokens | None = None

    @property
    def is_extern(self) -> bool:
        return "extern" in self.words

    @property
    def is_const(self) -> bool:
        return "const" in self.words or "constexpr" in self.words


@dataclass(frozen=True)
class Function:
    """A function with its body, or a macro with arguments; begin:end are its body's tokens in the unit.

    It begins at `head`, its parameters' bracket: initializers of members come before the body.
    """

    name: str
    owner: str | None
    path: str
    line: int
    parameters: tuple[tuple[str, Tokens | None], ...]
    initializers: tuple[tuple[str, Tokens], ...]
    begin: int
    end: int
    head: int
    is_macro: bool = False
    body: Tokens = ()


@dataclass
class Unit:
    """One file, parsed."""

    path: str
    tokens: Tokens
    match: dict[int, int]
    branches: list[Branch]
    variables: list[Variable] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)
    classes: dict[str, list[Variable]] = field(default_factory=dict)
    macros: dict[str, list[tuple[Tokens, Branch]]] = field(default_factory=dict)
    includes: list[tuple[str, int]] = field(default_factory=list)
    _heads: list[int] | None = None

    def function_at(self, index: int) -> Function | None:
        if self._heads is None or len(self._heads) != len(self.functions):
            self.functions.sort(key=lambda f: f.head)
            self._heads = [f.head for f in self.functions]
        at = bisect_right(self._heads, index) - 1
        return self.functions[at] if at >= 0 and index < self.functions[at].end else None


def parse(path: str, text: str) -> Unit:
    tokens = tuple(tokenize(text))
    match, branches = _pair(tokens)
    unit = Unit(path, tokens, match, branches)
    _Parser(unit).run()
    return unit


def _pair(tokens: Tokens) -> tuple[dict[int, int], list[Branch]]:
    """Which bracket closes which, and each token's branch; #else goes on where its #if stood."""
    match: dict[int, int] = {}
    branches: list[Branch] = []
    branch: Branch = ()
    stack: list[int] = []
    saved: list[
        tuple[list[int], list[int]]
    ] = []  # for each open #if: the stack before it, brackets left open in branches
    conditions = 0
    orphans: dict[int, int] = {}
    for index, token in enumerate(tokens):
        if token.kind == "directive":
            name = directive(token)[0]
            if name in ("if", "ifdef", "ifndef"):
                conditions += 1
                saved.append((list(stack), []))
                branch = (*branch, (conditions, 0))
            elif name in ("else", "elif") and saved:
                before, left = saved[-1]
                left += stack[len(before) :]
                stack = list(before)
                branch = (*branch[:-1], (branch[-1][0], branch[-1][1] + 1))
            elif name == "endif" and saved:
                before, left = saved.pop()
                now = stack[len(before) :]
                orphans.update((old, now[k % len(now)]) for k, old in enumerate(left) if now)
                if not now and left:
                    stack += left[-1:]
                branch = branch[:-1]
        elif token.kind == "punct":
            if token.text in CLOSING:
                stack.append(index)
            elif token.text in ")]}" and stack:
                if CLOSING[tokens[stack[-1]].text] == token.text:
                    match[stack.pop()] = index
                elif token.text == "}":  # something is missing: forget the round brackets
                    while stack and tokens[stack[-1]].text != "{":
                        match[stack.pop()] = index
                    if stack:
                        match[stack.pop()] = index
        branches.append(branch)
    for old, new in orphans.items():
        match.setdefault(old, match.get(new, len(tokens) - 1))
    for index in stack:
        match.setdefault(index, len(tokens) - 1)
    return match, branches


class _Parser:
    """Walks over namespaces and classes; bodies of functions are kept as ranges."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.scopes: list[tuple[str, str]] = []
        self.type_before = ""

    def run(self) -> None:
        unit, tokens = self.unit, self.unit.tokens
        head: list[int] = []
        index = 0
        while index < len(tokens):
            token = tokens[index]
            if token.kind == "directive":
                self.directive(token, index)
            elif token.text == ";":
                self.declaration(head)
                head = []
            elif token.text == "}" and token.kind == "punct":
                kind, name = self.scopes.pop() if self.scopes else ("", "")
                head = []
                if kind == "class" and index + 1 < len(tokens) and tokens[index + 1].text != ";":
                    self.type_before = name or "struct"  # struct Config {...} config = {...};
            elif token.text == ":" and [tokens[i].text for i in head] in (["public"], ["private"], ["protected"]):
                head = []
            elif token.text == "{":
                close = unit.match.get(index, len(tokens) - 1)
                kind, name = self.classify(head, close)
                if kind == "value":
                    head += range(index, close + 1)
                    index = close
                elif kind == "function":
                    self.function(head, index, close)
                    head, index = [], close
                else:
                    self.scopes.append((kind, name))
                    if kind == "class":
                        unit.classes.setdefault(name, [])
                    head = []
            elif token.text in ("(", "["):
                close = unit.match.get(index, index)
                head += range(index, close + 1)
                index = close
            else:
                head.append(index)
            index += 1
        for function in unit.functions:
            if not function.is_macro:
                self.locals(function)

    def directive(self, token: Token, index: int) -> None:
        name, rest = directive(token)
        if name == "include":
            match = re.match(r'[<"]([^>"]+)[>"]', rest)
            if match:
                self.unit.includes.append((match[1], token.line))
        elif name == "define" and (match := re.match(r"(\w+)(\(([^)]*)\))?", rest)):
            body = tuple(tokenize(rest[match.end() :], token.line))
            if match[2] is None:
                self.unit.macros.setdefault(match[1], []).append((body, self.unit.branches[index]))
            else:
                names = tuple((p.strip(), None) for p in match[3].split(","))
                path = self.unit.path
                self.unit.functions.append(
                    Function(match[1], None, path, token.line, names, (), -1, -1, -1, True, body)
                )

    def classify(self, head: list[int], close: int) -> tuple[str, str]:
        """(namespace, class, function or value, name) of the brace after `head`."""
        tokens = [self.unit.tokens[i] for i in head]
        words = [t.text for t in tokens]
        if words and words[0] == "template":
            tokens = list(after_template(tokens))
            words = [t.text for t in tokens]
        if "namespace" in words[:2] and "=" not in words:
            return "namespace", "".join(w for w in words if w not in ("namespace", "inline")) or ANONYMOUS
        if words[:1] == ["extern"] and len(tokens) == 2 and tokens[1].kind == "string":
            return "namespace", ""
        level = [words[i] for i in top(tokens)]
        if "=" in level or "enum" in words[:2] or "typedef" in words[:1] and "enum" in words[:3]:
            return "value", ""
        plain = [t for t in without_attributes(tokens)]
        level = [plain[i].text for i in top(plain)]
        for keyword in ("class", "struct", "union"):
            if keyword in level and "(" not in level:
                after = [w for w in level[level.index(keyword) + 1 :] if re.fullmatch(r"\w+", w) or w == ":"]
                return "class", after[0] if after and after[0] != ":" else ""
        if "(" not in level:
            return ("function", "") if words and words[-1] == ")" else ("value", "") if words else ("block", "")
        opening = level.index("(")
        if opening == 0:
            return "value", ""
        if ":" in level[opening:] and re.fullmatch(r"\w+|>", words[-1]):
            following = self.unit.tokens[close + 1].text if close + 1 < len(self.unit.tokens) else ""
            return ("value", "") if following in (",", "{") else ("function", "")
        return "function", ""

    def qualified(self, name: str) -> str:
        return "::".join(
            [text for kind, text in self.scopes if kind == "namespace" and text not in ("", ANONYMOUS)] + [name]
        )

    def owner(self) -> str | None:
        return self.scopes[-1][1] if self.scopes and self.scopes[-1][0] == "class" else None

    def function(self, head: list[int], begin: int, close: int) -> None:
        tokens = list(after_template([self.unit.tokens[i] for i in head]))
        plain = tuple(without_attributes(tokens)) or tuple(tokens)
        if not any(plain[i].text == "(" for i in top(plain)):
            plain = tuple(tokens)
        level = list(top(plain))
        opening = next((i for i in level if plain[i].text == "("), None)
        if opening is None or opening == 0 or plain[opening - 1].kind != "name" or plain[opening - 1].text in FLOW:
            return
        closing = next((i for i in level if i > opening and plain[i].text == ")"), len(plain))
        owner = self.owner()
        if opening >= 3 and plain[opening - 2].text == "::":
            owner = plain[opening - 3].text
        self.unit.functions.append(
            Function(
                plain[opening - 1].text,
                owner,
                self.unit.path,
                plain[opening - 1].line,
                tuple(parameters(plain[opening + 1 : closing])),
                tuple(constructor_initializers(plain[closing + 1 :])),
                begin,
                close,
                next((i for i in head if self.unit.tokens[i] is plain[opening]), begin),
            )
        )

    def declaration(self, head: list[int], function: Function | None = None) -> None:
        if not head:
            return
        tokens = tuple(self.unit.tokens[i] for i in head if self.unit.tokens[i].kind != "directive")
        if tokens and "enum" in (tokens[0].text, tokens[min(1, len(tokens) - 1)].text):
            self.enumerators(tokens)
        if not tokens or tokens[0].text in NO_DECLARATION:
            return
        if self.type_before and function is None:
            tokens = (Token("name", self.type_before, tokens[0].line), *tokens)
            self.type_before = ""
        owner = self.owner() if function is None else None
        private = ("static",) if function is None and ("namespace", ANONYMOUS) in self.scopes else ()
        for name, words, is_array, value, label, line, length in declarators(tokens):
            full = name
            if len(words) > 2 and words[-1] == "::":  # T Class::name = ...
                full, words = f"{words[-2]}::{name}", words[:-2]
            variable = Variable(
                name,
                self.qualified(full) if function is None and owner is None else full,
                self.unit.path,
                line,
                (*private, *words),
                is_array,
                value,
                owner,
                function,
                label,
                self.unit.branches[head[0]],
                length,
            )
            self.unit.variables.append(variable)
            if owner is not None:
                self.unit.classes.setdefault(owner, []).append(variable)

    def enumerators(self, tokens: Tokens) -> None:
        opening = next((i for i in top(tokens) if tokens[i].text == "{"), len(tokens))
        for part in split(tokens[opening + 1 : closing(tokens, opening)]) if opening < len(tokens) else ():
            if len(part) > 2 and part[1].text == "=":
                name, line = part[0].text, part[0].line
                words, path = ("const", "int"), self.unit.path
                enumerator = Variable(
                    name, self.qualified(name), path, line, words, False, part[2:], None, None, None, ()
                )
                self.unit.variables.append(enumerator)

    def locals(self, function: Function) -> None:
        """Declarations in a body: statements between ; { and }, where braces do not belong to a value."""
        unit, tokens = self.unit, self.unit.tokens
        head: list[int] = []
        index = function.begin + 1
        while index < function.end:
            text, kind = tokens[index].text, tokens[index].kind
            if kind == "directive":
                index += 1
                continue
            if text == ";":
                self.declaration(head, function)
                head = []
            elif (
                text == "}"
                or text in ("else", "do")
                or text == ":"
                and tokens[head[0] if head else index].text in LABELS
            ):
                head = []
            elif text == "{" and kind == "punct":
                words = [tokens[i].text for i in head]
                if "=" in words or words and re.fullmatch(r"\w+|\]|>", words[-1]) and words[-1] not in FLOW:
                    close = unit.match.get(index, index)
                    head += range(index, close + 1)
                    index = close
                else:
                    head = []
            elif text in ("(", "["):
                close = unit.match.get(index, index)
                if text == "(" and head and tokens[head[-1]].text == "for":
                    head = []
                    index += 1
                    continue
                head += range(index, close + 1)
                index = close
                if text == "(" and head and tokens[head[0]].text in ("if", "while", "switch"):
                    head = []
            else:
                head.append(index)
            index += 1
