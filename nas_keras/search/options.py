"""Options of a strategy: fields of its dataclass that say what they mean and what they may be.

    @dataclass(frozen=True)
    class HillClimbing(AskTell):
        patience: int = option(20, "failures before it starts anew", least=1)

From this come the check when one is made, its part of `--set`, and the text of --help.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar

from tinyengine_tf.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Made = TypeVar("Made", bound=DataclassInstance)


@dataclass(frozen=True)
class Rule:
    """What an option means, and the range it may have, both ends included."""

    meaning: str
    least: float
    most: float

    def __str__(self) -> str:
        ends = [f"at least {self.least:g}"] * (self.least > -math.inf) + [f"at most {self.most:g}"] * (
            self.most < math.inf
        )
        return " and ".join(ends)


def option(default: float, meaning: str, *, least: float = -math.inf, most: float = math.inf) -> Any:
    """A field with a number as its default; whole numbers stay whole."""
    return field(default=default, metadata={"rule": Rule(meaning, least, most)})


def rules(made: type[DataclassInstance] | DataclassInstance) -> dict[str, tuple[float, Rule]]:
    """Option -> (default, rule) of a strategy's class, in the order in which they are written."""
    return {f.name: (f.default, f.metadata["rule"]) for f in fields(made) if "rule" in f.metadata}  # type: ignore[misc]


def check(made: DataclassInstance, where: str) -> None:
    """Raises UsageError for the first option that is no number of its kind or breaks its rule."""
    for name, (default, rule) in rules(made).items():
        value = getattr(made, name)
        whole = isinstance(default, int)
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            raise UsageError(f"{name} is {value!r}, {'a whole' if whole else 'a'} number is needed", where=where)
        if not rule.least <= value <= rule.most:
            raise UsageError(f"{name} is {value}, {rule} is needed", where=where, hint=f"{name}: {rule.meaning}")


def make(strategy: type[Made], counts: object, changes: Mapping[str, float] | None = None) -> Made:
    """A strategy with options from `changes`, else from fields of `counts` (a budget) of that name, else defaults."""
    known = rules(strategy)
    for name in changes or {}:
        if name not in known:
            raise UsageError(
                f"{name!r} is no option of {strategy.__name__}",
                where="strategy_options",
                hint=f"one of {', '.join(known)}" if known else "it has none",
            )
    shared = {name: getattr(counts, name) for name in known if hasattr(counts, name)}
    return strategy(**shared | dict(changes or {}))


def parse(strategy: type[DataclassInstance], texts: Iterable[str]) -> dict[str, float]:
    """Options from texts such as "mutation_probability=0.2", all of which must be known ones."""
    known, found = rules(strategy), {}
    for text in texts:
        name, _, value = text.partition("=")
        kind = type(known[name][0])
        try:
            found[name] = kind(value)
        except ValueError as error:
            raise UsageError(f"{text!r}: {value!r} is no {kind.__name__}", where=strategy.__name__) from error
    return found


def describe(strategy: type[DataclassInstance]) -> list[str]:
    """Lines for --help, one per option."""
    return [f"{name}={default:<8g} {rule.meaning}" for name, (default, rule) in rules(strategy).items()]
