"""What is not accepted in a model, as values: problems -> a summary by kind, and sentences with their places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

MAX_TEXT = 160


@dataclass(frozen=True)
class Problem:
    """One rule that the model breaks.

    opcode       the operator's name in .tflite, "" where the problem is no operator's
    index        the operator's place in the file, -1 where it is none's
    place        which operator or tensor, for people
    rule         what is accepted, or what is wrong
    found        more about it: what was met, or what to do
    consequence  it would go away with an earlier problem
    """

    opcode: str
    index: int
    place: str
    rule: str
    found: str = ""
    consequence: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {self.rule}" + (f" ({shortened(self.found)})" if self.found else "")

    @property
    def kind(self) -> str:
        return f"{self.opcode}: {self.rule}" if self.opcode else self.rule


def operator_problem(opcode: str, index: int, name: str, rule: str, found: object = "") -> Problem:
    return Problem(opcode, index, f"operator {index} {opcode} {shortened(name)!r}", rule, str(found))


def accepted_only_if(rule: str) -> str:
    return f"accepted only if {rule}"


def causes_first(problems: Sequence[Problem]) -> list[Problem]:
    """What has to be mended before what follows from it."""
    return sorted(problems, key=lambda p: p.consequence)


def summary(problems: Sequence[Problem], operators: int) -> list[str]:
    """By kind, the most frequent first; nothing where each is the only one of its kind."""
    refused = len({p.index for p in problems if p.index >= 0})
    kinds = Counter(p.kind for p in problems if not p.consequence)
    if len(kinds) == len(problems):
        return []
    lines = [f"{refused} of {operators} operators are refused:"] if refused else []
    lines += [f"{count:>4} x {kind}" for kind, count in kinds.most_common()]
    if after := sum(p.consequence for p in problems):
        lines.append(f"{after:>4} x more that may follow from these")
    return lines


def shortened(text: str) -> str:
    """Exporters join the names of everything that they fused, and an operator may have a hundred outputs."""
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}..."
