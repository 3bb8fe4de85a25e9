"""A statement of C or C++, as tokens -> its parts: brackets, lists, parameters, the variables that it declares."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tflm_compat.migrate.tokens import Token

Tokens = tuple[Token, ...]

ATTRIBUTE = re.compile(
    r"alignas|_Alignas|__attribute__|__attribute|__declspec|__aligned|__align|asm|__asm__|__asm|[A-Z][A-Z0-9_]{2,}"
)
ASM = ("asm", "__asm__", "__asm")
TYPE_WORDS = {"const", "void", "int", "unsigned", "char", "bool", "float", "double", "long", "struct", "volatile"}
NO_DECLARATION = set("typedef using friend return goto delete throw case template break continue".split())
FLOW = {"if", "for", "while", "switch", "catch", "return", "sizeof", "else", "do"}


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


def after_template(tokens: Sequence[Token]) -> Sequence[Token]:
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


def without_attributes(tokens: Sequence[Token]) -> Iterator[Token]:
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
            close = closing(tokens, index + 1)
            if close + 1 < len(tokens):  # the last (...) of a head is a parameter list
                index = close + 1
                continue
            if token.text[0].islower() or token.text[0] == "_" or index > 0 and tokens[index - 1].text in ("]", ")"):
                return
        if token.text == "[" and following == "[":
            index = closing(tokens, index) + 1
            continue
        yield token
        index += 1


def closing(tokens: Sequence[Token], opening: int) -> int:
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


def constructor_initializers(tokens: Sequence[Token]) -> Iterator[tuple[str, Tokens]]:
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
                    tuple(part[opening + 1 : closing(part, opening)]),
                )


def declarators(
    tokens: Tokens,
) -> Iterator[tuple[str, tuple[str, ...], bool, Tokens | None, str | None, int, Tokens | None]]:
    """(name, words of the type, is it an array, value, asm label, line, length) of each variable declared."""
    label = None
    for index, token in enumerate(tokens):
        if token.text in ASM and index + 2 < len(tokens) and tokens[index + 2].kind == "string":
            label = "".join(t.text.strip('"') for t in tokens[index + 2 : closing(tokens, index + 1)])
    plain = tuple(without_attributes(tokens))
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
                inside = left[round_bracket + 1 : closing(left, round_bracket)]
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
            if NO_DECLARATION & set(before) or FLOW & set(before):
                return
            words = before
        length = tuple(left[bracket + 1 : closing(left, bracket)]) if bracket is not None else None
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
