"""How candidates are found: a Strategy spends what a Context allows.

    @dataclass(frozen=True)
    class HillClimbing(AskTell):
        # mutates the best network so far
        mutation_probability: float = option(0.1, "of each choice to be drawn again", least=0, most=1)

        def propose(self, known: Known, rng: np.random.Generator, attempt: int) -> Arch:
            if not known.trials:
                return known.space.sample(rng)
            return known.space.mutate(best(known.trials).arch, rng, escape(self.mutation_probability, attempt))

That is all of a strategy that proposes networks and is told how good they are. One that learns from gradients
subclasses Strategy and writes `run` itself: the context has the super-network and the data.

A strategy is a frozen dataclass: its fields are its options, it has no state. It decides by its options, the context's
generators and results, nothing else: told the same results again it does the same again, and that is how a search that
was stopped goes on. tests/nas/strategy_suite.py holds what every one must keep.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from nas_keras.families.space import Arch, Space
from nas_keras.search.context import PATIENCE, BudgetSpent, Context, Trial
from nas_keras.search.options import check


@dataclass(frozen=True)
class Strategy(ABC):
    """A way to search. A subclass is a frozen dataclass whose fields are made by `option`."""

    def __post_init__(self) -> None:
        check(self, type(self).__name__)

    @abstractmethod
    def run(self, context: Context) -> None:
        """Evaluate networks until nothing new is found or the context ends it."""


@dataclass(frozen=True)
class Known:
    """What a proposal may rest on.

    trials   results, in the order in which the networks were asked
    asked    how many networks were asked, those whose results are awaited included
    """

    space: Space
    trials: Sequence[Trial]
    asked: int


@dataclass(frozen=True)
class AskTell(Strategy):
    """Proposes networks one by one, each feasible and new, and is told the fitness of each."""

    @abstractmethod
    def propose(self, known: Known, rng: np.random.Generator, attempt: int) -> Arch:
        """A member of the space. It may be known or infeasible: then it is asked again with the next `attempt`."""

    def must_wait(self, known: Known) -> bool:
        """Whether results that are awaited must be told before the next proposal."""
        return False

    def run(self, context: Context) -> None:
        rng, asked = context.rng(), set[Arch]()
        while batch := self._ask(context, rng, asked):
            context.evaluate(batch)

    def _ask(self, context: Context, rng: np.random.Generator, asked: set[Arch]) -> list[Arch]:
        """Up to as many as are evaluated side by side; none when nothing new is found."""
        batch: list[Arch] = []
        while len(batch) < min(context.side_by_side, context.networks_left):
            known = Known(context.space, context.trials, len(asked))
            if batch and self.must_wait(known):
                break
            arch = self._fresh(context, known, rng, asked)
            if arch is None:
                break
            asked.add(arch)
            batch.append(arch)
        return batch

    def _fresh(self, context: Context, known: Known, rng: np.random.Generator, asked: set[Arch]) -> Arch | None:
        """Proposed, or drawn at random when proposals only repeat; None when both fail."""
        for draw in (self.propose, lambda known, rng, attempt: known.space.sample(rng)):
            for attempt in range(PATIENCE):
                arch = draw(known, rng, attempt)
                if arch not in asked and context.feasible(arch):
                    return arch
        return None


def run(strategy: Strategy, context: Context) -> list[Trial]:
    """All networks evaluated, recorded ones included, in order; fewer than allowed when the space is exhausted."""
    with suppress(BudgetSpent):
        strategy.run(context)
    return context.trials


def best(trials: Sequence[Trial]) -> Trial:
    """The first of those with the largest fitness."""
    return max(trials, key=lambda t: t.fitness)


def escape(probability: float, attempt: int) -> float:
    """A mutation probability that grows, up to 1, while proposals keep being known or infeasible."""
    return min(1.0, probability * (1 + attempt / 10))
