"""The argument of GetModel() -> what it is: an array, something read at run time, or not known.

An expression is peeled (casts, brackets, &x[0], .data()) down to a name, a member or a call. A name leads to its
definition, to what is assigned to it or passed for it; every way is followed, so one call may have several outcomes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from tflm_compat.migrate.embedded import embedded_symbols
from tflm_compat.migrate.linkage import definition_of
from tflm_compat.migrate.outcome import Found, Outcome, Place, ReadAtRunTime, Unsure
from tflm_compat.migrate.program import Call, Program
from tflm_compat.migrate.syntax import Tokens, closing, split, text_of, top
from tflm_compat.migrate.unit import Function, Unit, Variable

MAX_DEPTH = 24
READING = re.compile(
    r"(?i)\w*(read|load|alloc|mmap|map|fopen|fetch|download|receive|recv|partition|open|get_?file|lfs|littlefs|spiffs|"
    r"http|socket|flash)\w*"
)
COPYING = ("memcpy", "memcpy_P", "memmove", "copy", "copy_n", "memcpy_s")
ACCESSORS = ("data", "get", "c_str", "begin", "cbegin", "front", "buf", "ptr")
CASTS = ("reinterpret_cast", "static_cast", "const_cast", "dynamic_cast", "bit_cast", "pointer_cast")
WRAPPING = (
    "data",
    "begin",
    "addressof",
    "move",
    "launder",
    "uintptr_t",
    "intptr_t",
    "ref",
    "pgm_get_far_address",
    "get",
)
TYPES = {"const", "void", "char", "unsigned", "signed", "uint8_t", "int8_t", "byte", "std", "uintptr_t", "uint32_t"}
NULLS = {"nullptr", "NULL", "0", "{}"}
CONTAINERS = {"vector", "string", "unique_ptr", "shared_ptr", "String", "deque"}


class Resolver:
    """Follows expressions through one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.embedded = embedded_symbols(program.tree)
        self._active: set[object] = set()

    def resolve(
        self, tokens: Tokens, unit: Unit, function: Function | None, used: Place, depth: int = 0
    ) -> list[Outcome]:
        """Everything that `tokens`, an expression in `function` of `unit`, may be. Empty: nothing but null."""
        tokens = peel(tuple(t for t in tokens if t.kind != "directive"))
        place = Place(unit.path, tokens[0].line) if tokens else used
        key = (unit.path, function, tuple(t.text for t in tokens))
        if not tokens or text_of(tokens) in NULLS or key in self._active:
            return []
        if depth > MAX_DEPTH:
            return [Unsure(f"{text_of(tokens)} leads on and on", place)]
        self._active.add(key)
        try:
            return _distinct(self._expression(tokens, unit, function, place, used, depth + 1))
        finally:
            self._active.discard(key)

    def _expression(
        self, tokens: Tokens, unit: Unit, function: Function | None, place: Place, used: Place, depth: int
    ) -> list[Outcome]:
        level = list(top(tokens))
        words = [tokens[i].text for i in level]
        if "?" in words and ":" in words:
            question, colon = level[words.index("?")], level[len(words) - 1 - words[::-1].index(":")]
            return [
                *self.resolve(tokens[question + 1 : colon], unit, function, used, depth),
                *self.resolve(tokens[colon + 1 :], unit, function, used, depth),
            ]
        if "+" in words[1:]:
            base = self.resolve(tokens[: level[words.index("+", 1)]], unit, function, used, depth)
            if base and all(isinstance(o, ReadAtRunTime) for o in base):
                return base
        if tokens[0].text == "new":
            return [ReadAtRunTime(text_of(tokens), place)]
        if tokens[0].kind == "number" and len(tokens) == 1:
            if not tokens[0].text.startswith(("0x", "0X")):
                return [Unsure(f"the number {tokens[0].text} is taken for a model", place)]
            return [ReadAtRunTime(f"a fixed address, {tokens[0].text}", place)]
        if tokens[0].text in ("{",) and tokens[-1].text == "}":
            return [o for part in split(tokens[1:-1]) for o in self.resolve(part, unit, function, used, depth)]
        if all(t.kind == "name" or t.text == "::" for t in tokens):
            name = "".join(t.text for t in tokens).removeprefix("::")
            return self._name(name, unit, function, place, used, depth)
        if (
            tokens[-1].text == ")"
            and len(level) >= 3
            and words[-2] == "("
            and tokens[level[-3]].kind in ("name", "punct")
        ):
            return self._call(tokens, level[-2], unit, function, place, used, depth)
        if len(words) >= 3 and words[-2] in (".", "->") and tokens[-1].kind == "name":
            return self._member(tokens[-1].text, place, used, depth, None)
        if tokens[-1].text == "]" and words[-2:-1] == ["["]:
            return self._element(tokens[: level[-2]], unit, function, place, used, depth)
        return [Unsure(f"{text_of(tokens)} is not followed", place)]

    # names

    def _name(
        self, name: str, unit: Unit, function: Function | None, place: Place, used: Place, depth: int
    ) -> list[Outcome]:
        macros = self._near(self.program.macros(name), unit, lambda m: m[0].path)
        defined = self.program.macros_on_command_line(name)
        if macros or defined:
            outcomes: list[Outcome] = []
            for body in defined:
                outcomes += self.resolve(body, unit, None, used, depth)
            for origin, body, branch in macros:
                outcomes += [_under(o, origin.path, branch) for o in self.resolve(body, unit, function, used, depth)]
            return outcomes
        if function is not None and "::" not in name:
            local = [v for v in unit.variables if v.name == name and v.function is function]
            if local:
                return [o for v in local for o in self._variable(v, unit, place, used, depth)]
            positions = [i for i, (parameter, _) in enumerate(function.parameters) if parameter == name]
            if positions:
                return self._parameter(positions[0], unit, function, place, used, depth)
            members = self.program.members(name)
            if [m for m in members if m[1] == function.owner] or (members and not self.program.variables(name)):
                return self._member(name, place, used, depth, function.owner)
        found = self._near(self.program.variables(name), unit, lambda v: v.path)
        if found:
            return self._globals(name, found, unit, place, used, depth)
        if "::" in name and self.program.members(name.rsplit("::", 1)[-1]):
            return self._member(name.rsplit("::", 1)[-1], place, used, depth, None)
        for symbol in (name, f"g{name}Data"):
            if symbol in self.embedded:
                return [Found(symbol, used, (self.embedded[symbol],), name)]
        missing = self._missing_header(unit)
        if missing:
            return [Found(name, used, (), name)]
        return [Unsure(f"{name} is declared nowhere in the folder", place)]

    def _globals(
        self, name: str, found: list[Variable], unit: Unit, place: Place, used: Place, depth: int
    ) -> list[Outcome]:
        """A name at namespace scope: arrays become Found, pointers lead on."""
        arrays = [v for v in found if holds_bytes(v)]
        everywhere = [v for v in self.program.variables(name) if holds_bytes(v)]
        defined = [v for v in arrays if v.value is not None]
        if arrays and not defined:
            outside = [v for v in everywhere if v.value is not None and "static" not in v.words]
            defined = outside or [v for v in everywhere if v.value is not None]
        if defined:
            return self._arrays(name, defined, used)
        label = next((v.label for v in [*arrays, *everywhere] if v.label), None)
        symbol = label or (arrays[0].qualified if arrays else name)
        if symbol in self.embedded:
            return [Found(symbol, used, (self.embedded[symbol],), name)]
        if arrays and (label or any(v.is_extern for v in arrays)) and not self._is_defined_empty(everywhere):
            return [Found(symbol, used, (), name)]
        if arrays and all(v.is_const for v in arrays) and not any("*" in v.words for v in arrays):
            return [Found(symbol, used, (), name)]
        outcomes: list[Outcome] = []
        for variable in found if not arrays else everywhere:
            outcomes += self._variable(variable, self.program.unit(variable.path), place, used, depth)
        return outcomes

    @staticmethod
    def _is_defined_empty(variables: list[Variable]) -> bool:
        """A buffer without content: char model[4096];"""
        return any(v.value is None and not v.is_extern and not v.is_const for v in variables)

    def _arrays(self, name: str, defined: list[Variable], used: Place) -> list[Outcome]:
        by_symbol: dict[str, list[Variable]] = {}
        for variable in defined:
            by_symbol.setdefault(variable.label or variable.qualified, []).append(variable)
        outcomes: list[Outcome] = []
        for symbol, variables in by_symbol.items():
            definitions = tuple(definition_of(v, self.program, used) for v in variables)
            branches = tuple((v.path, v.branch) for v in variables) if len(variables) == 1 else ()
            outcomes.append(Found(symbol, used, definitions, variables[0].name, branches))
        return outcomes

    def _variable(self, variable: Variable, unit: Unit, place: Place, used: Place, depth: int) -> list[Outcome]:
        """A pointer, a container or a buffer: what it is initialized with and assigned."""
        if holds_bytes(variable) and variable.value is not None:
            return self._arrays(variable.name, [variable], used)
        outcomes: list[Outcome] = []
        here = Place(variable.path, variable.line)
        if variable.value is not None:
            value = variable.value
            if CONTAINERS & set(variable.words):
                parts = split(value[1:-1] if value[0].text == "{" else value)
                outcomes += [
                    replace(o, kept=f"{here} copies it to RAM") if isinstance(o, Found) else o
                    for o in (self.resolve(parts[0], unit, variable.function, used, depth) if parts else [])
                ]
                if not any(isinstance(o, Found) for o in outcomes):
                    outcomes = [ReadAtRunTime(f"{variable.name} is a {_container(variable)}", here)]
            else:
                outcomes += self.resolve(value, unit, variable.function, used, depth)
        outcomes += self._assigned(variable.name, variable, unit, used, depth)
        return outcomes or self._filled(variable.name, variable, here, used, depth)

    def _assigned(self, name: str, variable: Variable | None, unit: Unit, used: Place, depth: int) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for assignment in self.program.assignments(name):
            local = variable is not None and variable.function is not None
            if local and (assignment.unit is not unit or assignment.function is not variable.function):  # type: ignore[union-attr]
                continue
            if not local and not assignment.is_member and assignment.function is not None:
                shadow = [v for v in assignment.unit.variables if v.name == name and v.function is assignment.function]
                if shadow:
                    continue
            outcomes += [
                _under(o, assignment.unit.path, assignment.branch)
                for o in self.resolve(assignment.value, assignment.unit, assignment.function, used, depth)
            ]
        return outcomes

    def _filled(self, name: str, variable: Variable | None, here: Place, used: Place, depth: int) -> list[Outcome]:
        """Nothing is assigned: is it copied from an array, or filled by a call that reads?"""
        calls = []
        units = (
            [self.program.unit(here.path)] if variable is not None and variable.function else self.program.units(name)
        )
        for unit in units:
            for index, token in enumerate(unit.tokens):
                if token.text == name and token.kind == "name":
                    call = enclosing_call(unit, index)
                    if call is not None:
                        calls.append((*call, unit, index))
        for callee, arguments, unit, index in calls:
            if callee in COPYING and len(arguments) > 1:
                target, source = (arguments[-1], arguments[0]) if callee.startswith("copy") else arguments[:2]
                if any(t.text == name for t in target):
                    return [
                        replace(o, kept=f"{Place(unit.path, unit.tokens[index].line)} copies it to RAM")
                        if isinstance(o, Found)
                        else o
                        for o in self.resolve(source, unit, unit.function_at(index), used, depth)
                    ]
        for callee, _, unit, index in calls:
            if READING.fullmatch(callee):
                return [ReadAtRunTime(f"{callee}() fills {name}", Place(unit.path, unit.tokens[index].line))]
        if variable is not None and (
            CONTAINERS & set(variable.words) or holds_bytes(variable) and not variable.is_extern
        ):
            return [ReadAtRunTime(f"{name}, a {_container(variable)} that is filled while the program runs", here)]
        return [Unsure(f"nothing in the folder gives {name} a value", here)]

    # members, parameters, calls

    def _member(self, name: str, place: Place, used: Place, depth: int, owner: str | None) -> list[Outcome]:
        members = [m for m in self.program.members(name) if owner is None or m[1] == owner] or self.program.members(
            name
        )
        outcomes: list[Outcome] = []
        for unit, klass, position, member in members:
            if member.value is not None:
                outcomes += self._variable(member, unit, place, used, depth)
            elif holds_bytes(member) and "static" in member.words:
                outside = [v for v in self.program.variables(name) if v.qualified.endswith(f"{klass}::{name}")]
                outcomes += self._arrays(name, [v for v in outside if v.value], used)
            outcomes += self._aggregates(klass, position, name, used, depth)
        owners = {m[1] for m in members}
        for unit in self.program.units(name):
            for function in unit.functions:
                if not owners or function.owner in owners:
                    for member_name, value in function.initializers:
                        if member_name == name:
                            outcomes += self.resolve(value, unit, function, used, depth)
        outcomes += self._assigned(name, None, members[0][0] if members else self.program.unit(place.path), used, depth)
        if outcomes:
            return outcomes
        variable = members[0][3] if members else None
        return self._filled(name, variable, Place(variable.path, variable.line) if variable else place, used, depth)

    def _aggregates(self, klass: str, position: int, member: str, used: Place, depth: int) -> list[Outcome]:
        """Values of `member` in Class objects = {{...}, {...}}; designators are found as assignments."""
        outcomes: list[Outcome] = []
        if not klass:
            return outcomes
        for unit in self.program.units(klass):
            for variable in unit.variables:
                if klass not in variable.words or not variable.value or variable.value[0].text != "{":
                    continue
                rows = split(variable.value[1:-1])
                if variable.is_array or rows and rows[0][0].text == "{" and len(rows[0]) > 1:
                    objects = [split(row[1:-1]) for row in rows if row[0].text == "{"]
                else:
                    objects = [rows]
                for fields in objects:
                    if position < len(fields) and fields[position][0].text != ".":
                        outcomes += self.resolve(fields[position], unit, variable.function, used, depth)
        return outcomes

    def _parameter(
        self, position: int, unit: Unit, function: Function, place: Place, used: Place, depth: int
    ) -> list[Outcome]:
        """What callers pass; a constructor is called by its class's name or by derived classes."""
        outcomes: list[Outcome] = []
        calls = 0
        for call in self._callers(function):
            if len(call.arguments) > len(function.parameters) or not call.arguments:
                continue
            if position < len(call.arguments):
                calls += 1
                outcomes += self.resolve(call.arguments[position], call.unit, call.function, used, depth)
        for origin, macro, inside in self.program.calls_in_macros(function.name):
            arguments = split(inside)
            if position < len(arguments) <= len(function.parameters):
                calls += 1
                outcomes += self.resolve(arguments[position], origin, macro, used, depth)
        if function.name == function.owner:
            for other in self.program.units(function.name):
                for derived in other.functions:
                    for base, value in derived.initializers:
                        arguments = split(value)
                        if base == function.name and position < len(arguments):
                            calls += 1
                            outcomes += self.resolve(arguments[position], other, derived, used, depth)
        if function.name != function.owner:
            for other, line in self.program.uses_as_value(function.name):
                calls += 1
                outcomes.append(Unsure(f"{function.name}() is called through a pointer, too", Place(other.path, line)))
        default = function.parameters[position][1]
        if default is not None:
            outcomes += self.resolve(default, unit, None, used, depth)
        if not calls and not outcomes:
            return [Unsure(f"nothing in the folder calls {function.name}() with a model", place)]
        return outcomes

    def _callers(self, function: Function) -> list[Call]:
        """Calls of a function; of a method only those on objects of its class, where there are any."""
        calls = list(self.program.calls(function.name))
        if function.owner is None or function.owner == function.name:
            return calls
        own = [c for c in calls if c.receiver is not None and function.owner in self._types(c.receiver, c.unit)]
        return own or [c for c in calls if c.receiver is None or not self._types(c.receiver, c.unit)]

    def _types(self, name: str, unit: Unit) -> set[str]:
        """Words in the types of all variables called so."""
        found = [v for u in self.program.units(name) for v in u.variables if v.name == name]
        return {word for v in found for word in v.words} | ({name} if not found and name in unit.classes else set())

    def _call(
        self, tokens: Tokens, opening: int, unit: Unit, function: Function | None, place: Place, used: Place, depth: int
    ) -> list[Outcome]:
        name = tokens[opening - 1].text
        if not re.fullmatch(r"[^\W\d]\w*", name):
            names = [t.text for t in tokens[:opening] if t.kind == "name"]
            if "make_unique" in names or "make_shared" in names:
                return [ReadAtRunTime(text_of(tokens), place)]
            return [Unsure(f"{text_of(tokens)} is not followed", place)]
        outcomes: list[Outcome] = []
        bodies = self.program.functions(name)
        for origin, callee in bodies:
            if callee.is_macro:
                passed = split(tokens[opening + 1 : closing(tokens, opening)])
                given = {name: value for (name, _), value in zip(callee.parameters, passed, strict=False)}
                body = tuple(t for token in callee.body for t in given.get(token.text, (token,)))
                outcomes += self.resolve(body, unit, function, used, depth)
                continue
            for index in range(callee.begin, callee.end):
                if origin.tokens[index].text == "return":
                    end = next(i for i in range(index, callee.end + 1) if origin.tokens[i].text in (";", "}"))
                    outcomes += self.resolve(origin.tokens[index + 1 : end], origin, callee, used, depth)
        if outcomes:
            return outcomes
        if READING.fullmatch(name):
            return [ReadAtRunTime(f"{name}() gives it", place)]
        if bodies:
            return [Unsure(f"what {name}() returns is not known", place)]
        if tokens[0].text in self.embedded:
            return [Found(tokens[0].text, used, (self.embedded[tokens[0].text],), tokens[0].text)]
        return [Unsure(f"{name}() is not in the folder", place)]

    def _element(
        self, base: Tokens, unit: Unit, function: Function | None, place: Place, used: Place, depth: int
    ) -> list[Outcome]:
        """models[i]: any element."""
        base = peel(base)
        if len(base) == 1 and base[0].kind == "name":
            for variable in self._near(self.program.variables(base[0].text), unit, lambda v: v.path) or [
                v for v in unit.variables if v.name == base[0].text
            ]:
                if variable.value and variable.value[0].text == "{":
                    parts = split(variable.value[1:-1])
                    return [o for p in parts for o in self.resolve(p, unit, variable.function, used, depth)]
        return [Unsure(f"{text_of(base)}[...] is not followed", place)]

    # what a file sees

    def _near(self, items, unit: Unit, path_of):  # type: ignore[no-untyped-def]
        """Those that stand in this file or in what it includes, if there are any; otherwise all."""
        seen = self.program.seen_from(unit.path)
        return [item for item in items if path_of(item) in seen] or list(items)

    def _missing_header(self, unit: Unit) -> str | None:
        """A header with a model in its name that the folder lacks: the build makes it."""
        for path in sorted(self.program.seen_from(unit.path)):
            for name in self.program.includes(path):
                if re.search(r"(?i)model|tflite|network|nn_", name) and not self.program.tree.included(name):
                    if not name.startswith("tensorflow/") or "_model_data" in name or "/models/" in name:
                        return name
        return None


def holds_bytes(variable: Variable) -> bool:
    """An array of bytes (or of words that hold bytes), a std::array, or a lone byte that marks where one begins."""
    words = set(variable.words)
    if CONTAINERS & words:
        return False
    if variable.is_array:
        return "*" not in words
    if "array" in words:
        return True
    return variable.is_extern and "*" not in words and bool(words & {"char", "uint8_t", "int8_t", "byte"})


def _container(variable: Variable) -> str:
    kinds = CONTAINERS & set(variable.words)
    return f"std::{next(iter(kinds))}" if kinds else "buffer" if variable.is_array else "pointer"


def _under(outcome: Outcome, path: str, branch: tuple[tuple[int, int], ...]) -> Outcome:
    return (
        replace(outcome, branches=(*outcome.branches, (path, branch)))
        if isinstance(outcome, Found) and branch
        else outcome
    )


def _distinct(outcomes: Iterable[Outcome]) -> list[Outcome]:
    found: dict[object, Outcome] = {}
    for outcome in outcomes:
        found.setdefault(outcome.symbol if isinstance(outcome, Found) else outcome, outcome)
    return list(found.values())


def peel(tokens: Tokens) -> Tokens:
    """Take off casts, round brackets, &x[0], x + 0 and .data(): what is left names the memory."""
    while tokens:
        inner = _peel_once(tokens)
        if inner is None:
            break
        tokens = inner
    return tokens


def _peel_once(tokens: Tokens) -> Tokens | None:
    """What is inside the outermost cast, bracket or accessor; None where there is none."""
    last = len(tokens) - 1
    first = tokens[0].text
    level = list(top(tokens))
    words = [tokens[i].text for i in level]
    if first == "(":
        close = closing(tokens, 0)
        if close == last:
            return tokens[1:-1]
        return tokens[close + 1 :] if _is_cast(tokens[1:close], tokens[close + 1]) else None
    if first in ("&", "*") and last:
        return tokens[1:]
    if first in CASTS or first == "std" and last > 1 and tokens[2].text in CASTS:
        opening = next((i for i in level if tokens[i].text == "("), None)
        return tokens[opening + 1 : -1] if opening is not None and closing(tokens, opening) == last else None
    if words[-2:] == ["+", "0"] or len(words) > 2 and words[-2] in (".", "->") and words[-1] == "items":
        return tokens[: level[-2]]
    if len(words) < 3 or level[-1] != last or words[-2] not in ("(", "["):
        return None
    inside = tokens[level[-2] + 1 : -1]
    if words[-2] == "[":
        return tokens[: level[-2]] if text_of(inside) == "0" else None
    is_method = len(words) > 4 and words[-4] in (".", "->")
    if is_method and not inside and words[-3] in ACCESSORS:
        return tokens[: level[-4]]
    if inside and words[-3] in WRAPPING and not {".", "->"} & set(words):
        return inside
    return None


def _is_cast(inside: Tokens, following: object) -> bool:
    """(const void *) x, (Type *) x, (uintptr_t) x; not (a + b) or (x)."""
    if not all(t.kind == "name" or t.text in ("::", "*", "&", "<", ">", ",") for t in inside) or not inside:
        return False
    kind, text = following.kind, following.text  # type: ignore[attr-defined]
    if kind in ("name", "number", "string") or text == "(":
        return True
    return text in ("&", "*") and (inside[-1].text == "*" or bool({t.text for t in inside} & TYPES))


def enclosing_call(unit: Unit, index: int) -> tuple[str, list[Tokens]] | None:
    """(function, arguments) of the innermost call around a token."""
    depth = 0
    for at in range(index - 1, max(index - 200, -1), -1):
        token = unit.tokens[at]
        if token.kind != "punct":
            continue
        if token.text in ")]}":
            depth += 1
        elif token.text in "([{":
            if depth == 0:
                if token.text == "(" and at and unit.tokens[at - 1].kind == "name":
                    callee = unit.tokens[at - 1].text
                    if callee not in ("if", "while", "for", "switch", "return", "sizeof"):
                        return callee, split(unit.tokens[at + 1 : unit.match.get(at, at)])
                elif token.text == "{":
                    return None
            else:
                depth -= 1
        elif token.text == ";" and depth == 0:
            return None
    return None
