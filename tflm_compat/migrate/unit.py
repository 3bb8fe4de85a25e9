"""The tokens of one file -> what it declares: variables, functions with their bodies, classes, macros, assignments.

Not a compiler's parser: no types are checked and templates are looked through. It keeps apart what migrate must keep
apart: who owns a name (namespace, class, function), how it is linked, what value it is given, and in which #if branch.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tflm_compat.migrate.tokens import Token, directive, tokenize

Tokens = tuple[Token, ...]
Branch = tuple[tuple[int, int], ...]
"""For each #if around: (its number in the file, which of its branches)."""

ATTRIBUTE = re.compile(
    r"alignas|_Alignas|__attribute__|__attribute|__declspec|__aligned|__align|asm|__asm__|__asm|[A-Z][A-Z0-9_]{2,}"
)
ASM = ("asm", "__asm__", "__asm")
ANONYMOUS = "(anonymous)"
LABELS = {"case", "default", "public", "private", "protected"}
CLOSING = {"(": ")", "[": "]", "{": "}"}
TYPE_WORDS = {"const", "void", "int", "unsigned", "char", "bool", "float", "double", "long", "struct", "volatile"}
_NO_DECLARATION = set("typedef using friend return goto delete throw case template break continue".split())
_FLOW = {"if", "for", "while", "switch", "catch", "return", "sizeof", "else", "do"}


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


def top(tokens: Sequence[Token]) -> Iterator[int]:
    """Indexes of tokens that stand in no bracket; the brackets themselves included."""
    depth = 0
    for index, token in enumerate(tokens):
        if token.kind == "punct" and token.text in "([{":
            if depth == 0:
                yield index
            depth += 1
        elif token.kind == "punct" and token.text in ")]}":
            depth -= 1
            if depth == 0:
                yield index
        elif depth == 0:
            yield index


def split(tokens: Sequence[Token], separator: str = ",", angles: bool = False) -> list[Tokens]:
    """Parts between separators at the top level; `angles` counts <...> as brackets, too."""
    parts: list[list[Token]] = [[]]
    depth = angle = 0
    for token in tokens:
        if token.kind == "directive":
            continue
        if token.kind == "punct":
            depth += (token.text in "([{") - (token.text in ")]}")
            if angles and depth == 0:
                angle = max(0, angle + (token.text == "<") - (token.text == ">"))
        if token.text == separator and token.kind == "punct" and depth == 0 and angle == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return [tuple(part) for part in parts if part]


def text_of(tokens: Sequence[Token], limit: int = 60) -> str:
    """One line of source for a message."""
    out = ""
    for token in tokens:
        gap = " " if out[-1:].isalnum() and token.text[:1].isalnum() else ""
        out += gap + token.text
        if len(out) > limit:
            return out[:limit] + "..."
    return re.sub(r"\s+", " ", out)


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
            tokens = list(_after_template(tokens))
            words = [t.text for t in tokens]
        if "namespace" in words[:2] and "=" not in words:
            return "namespace", "".join(w for w in words if w not in ("namespace", "inline")) or ANONYMOUS
        if words[:1] == ["extern"] and len(tokens) == 2 and tokens[1].kind == "string":
            return "namespace", ""
        level = [words[i] for i in top(tokens)]
        if "=" in level or "enum" in words[:2] or "typedef" in words[:1] and "enum" in words[:3]:
            return "value", ""
        plain = [t for t in _without_attributes(tokens)]
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
        tokens = list(_after_template([self.unit.tokens[i] for i in head]))
        plain = tuple(_without_attributes(tokens)) or tuple(tokens)
        if not any(plain[i].text == "(" for i in top(plain)):
            plain = tuple(tokens)
        level = list(top(plain))
        opening = next((i for i in level if plain[i].text == "("), None)
        if opening is None or opening == 0 or plain[opening - 1].kind != "name" or plain[opening - 1].text in _FLOW:
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
                tuple(_constructor_initializers(plain[closing + 1 :])),
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
        if not tokens or tokens[0].text in _NO_DECLARATION:
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
        for part in split(tokens[opening + 1 : _closing(tokens, opening)]) if opening < len(tokens) else ():
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
                if "=" in words or words and re.fullmatch(r"\w+|\]|>", words[-1]) and words[-1] not in _FLOW:
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


def _after_template(tokens: Sequence[Token]) -> Sequence[Token]:
    """The tokens after template <...>."""
    if not tokens or tokens[0].text != "template":
        return tokens
    depth = 0
    for index, token in enumerate(tokens):
        depth += (
            token.text.count("<") - token.text.count(">")
            if token.kind == "punct" and token.text in ("<", ">", ">>")
            else 0
        )
        if index and depth <= 0 and token.text in (">", ">>"):
            return tokens[index + 1 :]
    return tokens


def _without_attributes(tokens: Sequence[Token]) -> Iterator[Token]:
    """Leaves out alignas(...), __attribute__((...)), [[...]], MACRO(...) and macros in capitals beside other names."""
    index = 0
    while index < len(tokens):
        token = tokens[index]
        following = tokens[index + 1].text if index + 1 < len(tokens) else ""
        if (
            token.kind == "name"
            and ATTRIBUTE.fullmatch(token.text)
            and following == "("
            and (index > 0 or len(tokens) > 4)
        ):
            close = _closing(tokens, index + 1)
            if close + 1 < len(tokens):  # the last (...) of a head is a parameter list
                index = close + 1
                continue
            if token.text[0].islower() or token.text[0] == "_" or index > 0 and tokens[index - 1].text in ("]", ")"):
                return
        if token.text == "[" and following == "[":
            index = _closing(tokens, index) + 1
            continue
        yield token
        index += 1


def _closing(tokens: Sequence[Token], opening: int) -> int:
    depth = 0
    for index in range(opening, len(tokens)):
        if tokens[index].kind == "punct":
            depth += (tokens[index].text in "([{") - (tokens[index].text in ")]}")
            if depth == 0:
                return index
    return len(tokens) - 1


def parameters(tokens: Sequence[Token]) -> Iterator[tuple[str, Tokens | None]]:
    """(name, default) of each parameter."""
    for part in split(tokens, ",", angles=True):
        equal = next((i for i in top(part) if part[i].text == "="), len(part))
        bracket = next((i for i in top(part[:equal]) if part[i].text == "["), equal)
        names = [t.text for t in part[:bracket] if t.kind == "name"]
        yield names[-1] if names else "", tuple(part[equal + 1 :]) or None


def _constructor_initializers(tokens: Sequence[Token]) -> Iterator[tuple[str, Tokens]]:
    colon = next((i for i in top(tokens) if tokens[i].text == ":"), None)
    if colon is None:
        return
    for part in split(tokens[colon + 1 :]):
        opening = next((i for i in top(part) if part[i].text in ("(", "{")), None)
        if opening:
            names = [t.text for t in part[:opening] if t.kind == "name"]
            if names:
                yield (
                    names[0] if part[0].text != "tflite" else names[-1],
                    tuple(part[opening + 1 : _closing(part, opening)]),
                )


def declarators(
    tokens: Tokens,
) -> Iterator[tuple[str, tuple[str, ...], bool, Tokens | None, str | None, int, Tokens | None]]:
    """(name, words of the type, is it an array, value, asm label, line, length) of each variable declared."""
    label = None
    for index, token in enumerate(tokens):
        if token.text in ASM and index + 2 < len(tokens) and tokens[index + 2].kind == "string":
            label = "".join(t.text.strip('"') for t in tokens[index + 2 : _closing(tokens, index + 1)])
    plain = tuple(_without_attributes(tokens))
    words: tuple[str, ...] | None = None
    for part in split(plain, ",", angles=True):
        level = list(top(part))
        stop = next((i for i in level if part[i].text in ("=", "{") or part[i].kind == "numbers"), len(part))
        left, value = part[:stop], part[stop:]
        if value and value[0].text == "=":
            value = value[1:]
        bracket = next((i for i in outside_angles(left, top(left)) if left[i].text == "["), None)
        round_bracket = next((i for i in top(left) if left[i].text == "("), None)
        if round_bracket is not None and (bracket is None or round_bracket < bracket):
            if value or round_bracket == 0:
                reference = [t for t in left[round_bracket:] if t.kind == "name"]  # const T (&name)[N] = other
                if not reference or left[round_bracket + 1].text not in ("&", "*"):
                    return
                left, bracket = (*left[:round_bracket], reference[0]), None
            else:
                inside = left[round_bracket + 1 : _closing(left, round_bracket)]
                left, value = left[:round_bracket], inside
                if not inside or is_parameter_list(inside):
                    return
        name_end = bracket if bracket is not None else len(left)
        if bracket is None and words is None:  # const uint8_t* model PROGMEM
            while name_end > 2 and ATTRIBUTE.fullmatch(left[name_end - 1].text) and left[name_end - 2].kind == "name":
                name_end -= 1
        named = left[:name_end]
        if not named or named[-1].kind != "name" or any(t.text in (".", "->", "++", "--", "?") for t in named):
            return
        before = tuple(t.text for t in named[:-1])
        if words is None:
            if (
                not any(re.fullmatch(r"[^\W\d]\w*", w) for w in before)
                or before[-1] == "::"
                and len([w for w in before if re.fullmatch(r"[^\W\d]\w*", w)]) < 2
            ):
                return
            if _NO_DECLARATION & set(before) or _FLOW & set(before):
                return
            words = before
        length = tuple(left[bracket + 1 : _closing(left, bracket)]) if bracket is not None else None
        yield (
            named[-1].text,
            words if before == words else (*words, *before),
            bracket is not None,
            tuple(value) or None,
            label,
            named[-1].line,
            length,
        )


def is_parameter_list(tokens: Sequence[Token]) -> bool:
    """`const uint8_t* p, int n`, not `model, 3` and not `(const void*)model`: a part declares something."""
    return any(_is_parameter(part) for part in split(tokens, ",", angles=True))


def _is_parameter(part: Tokens) -> bool:
    words, angle = [], 0
    for token in part:
        angle += (token.text == "<") - (token.text == ">")
        if token.text in ("(", "=", ".", "->", "[") and token.kind == "punct":
            break
        if angle == 0 and token.text not in (">", "*", "&", "&&", "::"):
            words.append(token)
    typed = part[0].text in TYPE_WORDS or part[0].text.endswith("_t") and part[0].kind == "name"
    plain = all(
        t.kind == "name" or t.text in ("::", "*", "&", "&&", "<", ">", ",") or angle for t in part[: len(words)]
    )
    return (
        part[0].text != "("
        and plain
        and (typed and len(part) > 1 or part[0].text in ("void", "...") or _two_names(part))
    )


def _two_names(part: Tokens) -> bool:
    """Type name, Type<T> name, ns::Type& name."""
    angle = 0
    for before, token in zip(part, part[1:], strict=False):
        angle += (before.text == "<") - (before.text == ">")
        if before.text in ("(", "=", "["):
            return False
        beside = before.kind == "name" or before.text in (">", "&", "&&") and part[0].kind == "name"
        if angle == 0 and token.kind == "name" and beside:
            return True
    return False


def outside_angles(tokens: Sequence[Token], indexes: Iterator[int]) -> Iterator[int]:
    """Those indexes that are not between < and >."""
    depth = 0
    for index in indexes:
        depth += (tokens[index].text == "<") - (tokens[index].text == ">") - 2 * (tokens[index].text == ">>")
        if depth <= 0:
            yield index
