"""All files of one program, parsed when asked for: who declares, defines, assigns or calls a name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tflm_compat.migrate.syntax import Tokens, is_parameter_list, split
from tflm_compat.migrate.tokens import tokenize
from tflm_compat.migrate.tree import ASSEMBLY, Tree
from tflm_compat.migrate.unit import Branch, Function, Unit, Variable, parse

INCLUDE = re.compile(r"(?m)^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"\n]+)[>\"]")
MAX_UNITS_PER_NAME = 400
"""A name in more files than this (`data`, `model`) is followed only in its own file."""


@dataclass(frozen=True)
class Call:
    """name(arguments), in `function` of `unit` (None: outside)."""

    unit: Unit
    function: Function | None
    arguments: tuple[Tokens, ...]
    line: int
    index: int
    receiver: str | None = None


@dataclass(frozen=True)
class Assignment:
    """`target = value`, where target ends with the name asked for."""

    unit: Unit
    function: Function | None
    value: Tokens
    line: int
    is_member: bool
    branch: Branch


class Program:
    """`paths` are the files that belong to it; the tree may hold more."""

    def __init__(self, tree: Tree, paths: list[str]) -> None:
        self.tree = tree
        self.paths = [p for p in paths if not p.endswith(ASSEMBLY)]
        self._chosen = set(self.paths)
        self._units: dict[str, Unit] = {}
        self._by_name: dict[str, list[Unit]] = {}
        self._includes: dict[str, list[str]] = {}
        self._seen: dict[str, frozenset[str]] = {}

    def unit(self, path: str) -> Unit:
        if path not in self._units:
            self._units[path] = parse(path, self.tree.texts[path])
        return self._units[path]

    def includes(self, path: str) -> list[str]:
        """What a file includes; a cheap look, without parsing it."""
        if path not in self._includes:
            text = self.tree.texts[path]
            self._includes[path] = [m[1] for m in INCLUDE.finditer(text)] if "include" in text else []
        return self._includes[path]

    def seen_from(self, path: str) -> frozenset[str]:
        """The file and everything that it includes, directly or not."""
        if path not in self._seen:
            seen, pending = {path}, [path]
            while pending:
                for name in self.includes(pending.pop()):
                    for other in self.tree.included(name):
                        if other not in seen and other in self.tree.texts:
                            seen.add(other)
                            pending.append(other)
            self._seen[path] = frozenset(seen)
        return self._seen[path]

    def includer_of(self, path: str) -> str | None:
        """A file that includes this one."""
        name = path.rsplit("/", 1)[-1]
        return next(
            (
                p
                for p in self.tree.mentioning(name)
                if p in self._chosen
                for i in self.includes(p)
                if path in self.tree.included(i)
            ),
            None,
        )

    def units(self, word: str) -> list[Unit]:
        """Files that hold `word` as a word, parsed."""
        if word not in self._by_name:
            pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
            hits = [p for p in self.tree.mentioning(word) if p in self._chosen and pattern.search(self.tree.texts[p])]
            self._by_name[word] = [self.unit(path) for path in hits[:MAX_UNITS_PER_NAME]]
        return self._by_name[word]

    def variables(self, name: str) -> list[Variable]:
        """Variables called so at namespace scope, and static members defined outside of their class."""
        last = name.rsplit("::", 1)[-1]
        found = [
            v
            for u in self.units(last)
            for v in u.variables
            if v.name == last and v.function is None and v.owner is None
        ]
        if "::" in name:
            found = [v for v in found if f"::{v.qualified}".endswith(f"::{name}")] or found
        return found

    def macros(self, name: str) -> list[tuple[Unit, Tokens, Branch]]:
        return [(u, body, branch) for u in self.units(name) for body, branch in u.macros.get(name, [])]

    def macros_on_command_line(self, name: str) -> list[Tokens]:
        """What build files define `name` as: -DNAME=value, target_compile_definitions(t PRIVATE NAME=value)."""
        pattern = re.compile(rf"(?<!\w){re.escape(name)}=\\?[\"']?([A-Za-z_][\w:]*)")
        texts = [text for text in self.tree.builds.values() if name in text]
        return [tuple(tokenize(value)) for text in texts for value in dict.fromkeys(pattern.findall(text))]

    def calls_in_macros(self, name: str) -> Iterator[tuple[Unit, Function | None, Tokens]]:
        """(file, the macro, arguments) of each call in the body of a macro."""
        for unit in self.units(name):
            bodies: list[tuple[Function | None, Tokens]] = [(f, f.body) for f in unit.functions if f.is_macro]
            bodies += [(None, body) for alternatives in unit.macros.values() for body, _ in alternatives]
            for macro, body in bodies:
                for arguments, _ in calls_in(body, name):
                    yield unit, macro, arguments

    def functions(self, name: str) -> list[tuple[Unit, Function]]:
        return [(u, f) for u in self.units(name) for f in u.functions if f.name == name]

    def members(self, name: str) -> list[tuple[Unit, str, int, Variable]]:
        """(file, class, position, member) of every class that has a member called so."""
        return [
            (u, owner, position, member)
            for u in self.units(name)
            for owner, members in u.classes.items()
            for position, member in enumerate(members)
            if member.name == name
        ]

    def assignments(self, name: str) -> Iterator[Assignment]:
        for unit in self.units(name):
            tokens = unit.tokens
            for index, token in enumerate(tokens):
                if token.text != name or token.kind != "name":
                    continue
                after = index + 1
                while after < len(tokens) and tokens[after].text == "[":
                    after = unit.match.get(after, after) + 1
                is_array = after > index + 1 and after + 1 < len(tokens) and tokens[after + 1].text[:1] in ("{", '"')
                if after < len(tokens) and tokens[after].text == "=" and not is_array:
                    before = tokens[index - 1].text if index else ""
                    yield Assignment(
                        unit,
                        unit.function_at(index),
                        expression(unit, after + 1),
                        token.line,
                        before in (".", "->"),
                        unit.branches[index],
                    )

    def uses_as_value(self, name: str) -> Iterator[tuple[Unit, int]]:
        """(file, line) where a function is named without being called: its address goes somewhere."""
        for unit in self.units(name):
            tokens = unit.tokens
            if any(v.name == name for v in unit.variables):
                continue
            for index in range(1, len(tokens) - 1):
                if tokens[index].text == name and tokens[index].kind == "name":
                    before, after = tokens[index - 1].text, tokens[index + 1].text
                    if before in ("=", "(", ",", "&", "{", "return", "::") and after in (",", ")", ";", "}"):
                        yield unit, tokens[index].line

    def calls(self, name: str) -> Iterator[Call]:
        """name(...), x.name(...), name<T>(...), Name variable(...) or {...}, new Name(...), make_unique<Name>(...)"""
        for unit in self.units(name):
            tokens, match = unit.tokens, unit.match
            for index, token in enumerate(tokens):
                if token.text != name or token.kind != "name" or index + 1 >= len(tokens):
                    continue
                opening = _opening(unit, index)
                if opening is None:
                    continue
                close = match.get(opening, opening)
                function = unit.function_at(index)
                inside = tokens[opening + 1 : close]
                arguments = tuple(split(inside))
                following = tokens[close + 1].text if close + 1 < len(tokens) else ""
                is_definition = function is None and (
                    inside and is_parameter_list(inside) or following in ("{", ":") or not inside
                )
                before = tokens[index - 1].text if index else ""
                is_class = (
                    tokens[opening].text == "{"
                    and opening == index + 1
                    and function is None
                    and before not in ("=", "new")
                )
                if is_definition or is_class or before in ("~", "class", "struct"):
                    continue
                receiver = tokens[index - 2].text if index > 1 and tokens[index - 1].text in (".", "->", "::") else None
                yield Call(unit, function, arguments, token.line, index, receiver)


def calls_in(tokens: Tokens, name: str) -> Iterator[tuple[Tokens, int]]:
    """(arguments, line) of each name(...) in a macro's body."""
    for index, token in enumerate(tokens[:-1]):
        if token.text == name and tokens[index + 1].text == "(":
            depth, end = 0, index + 1
            while end < len(tokens):
                depth += (tokens[end].text == "(") - (tokens[end].text == ")")
                if depth == 0:
                    break
                end += 1
            yield tokens[index + 2 : end], token.line


def _opening(unit: Unit, name: int) -> int | None:
    """The bracket that opens the arguments of the name at `name`."""
    tokens, at = unit.tokens, name + 1
    if tokens[at].text == "<":  # name<T>(
        depth = 0
        for index in range(at, min(at + 40, len(tokens))):
            depth += (tokens[index].text == "<") - (tokens[index].text == ">") - 2 * (tokens[index].text == ">>")
            if depth <= 0:
                at = index + 1
                break
    if (
        at + 1 < len(tokens)
        and tokens[at].text == ">"
        and name > 1
        and tokens[name - 2].text in ("make_unique", "make_shared")
    ):
        at += 1
    elif at + 1 < len(tokens) and tokens[at].kind == "name":  # Name variable(
        at += 1
    return at if at < len(tokens) and tokens[at].text in ("(", "{") else None


def expression(unit: Unit, at: int) -> Tokens:
    """The tokens of the expression that begins at `at`."""
    begin = at
    while at < len(unit.tokens):
        token = unit.tokens[at]
        if token.kind == "punct":
            if token.text in "([{":
                at = unit.match.get(at, at)
            elif token.text in (";", ",", ")", "]", "}"):
                break
        elif token.kind == "directive":
            break
        at += 1
    return unit.tokens[begin:at]
