"""What a strategy works with: a space, limits, someone who evaluates, a purse, and a memory that survives a kill.

    context.space, feasible(arch)      what may be proposed
    context.rng(purpose)               the only source of chance: it depends on the seed, never on the time
    context.evaluate(archs)            fitness of networks; recorded ones are read back, each new one is written at once
    context.count_images(n)            before a strategy of its own accord trains on n images
    context.supernet, data             for strategies that need gradients
    context.folder                     for files of a strategy's own, such as checkpoints

Whatever a strategy spends is counted here. When nothing is left BudgetSpent ends it, and what was found until then
counts; so a strategy may be an endless loop.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nas_keras.families.space import Arch, Space
from nas_keras.search import journal
from tinyengine_tf.errors import UsageError

PATIENCE = 1000
"""Times on end that nothing new may be proposed before another way is tried, or the search ends."""
Feasible = Callable[[Any], bool]
Evaluate = Callable[[Sequence[Any]], Sequence[float]]


@dataclass(frozen=True)
class Trial:
    """One evaluated architecture; larger fitness is better."""

    arch: Arch
    fitness: float


@dataclass(frozen=True)
class Allowance:
    """What a search may spend; None: as much as it takes.

    networks   evaluated, those of a former run included.
    images     that a strategy itself trains on (evaluation does not train).
    seconds    of the search, former runs included. Where it ends then depends on the machine.
    """

    networks: int
    images: int | None = None
    seconds: float | None = None


class BudgetSpent(Exception):
    """Nothing is left. `run` catches it; a strategy need not."""


class Context:
    """One search in progress. `trials` are the networks evaluated so far, in order.

    evaluate      what finds the fitness of networks that are not known yet, up to `side_by_side` at a time
    record        file in which results are kept; the folder it lies in is the search's
    """

    def __init__(
        self,
        space: Space,
        feasible: Feasible,
        evaluate: Evaluate,
        allowance: Allowance,
        *,
        seed: int = 0,
        record: Path | None = None,
        side_by_side: int = 1,
        progress: Callable[[Trial], None] = lambda trial: None,
        supernet: Any = None,
        data: Any = None,
    ):
        self.space, self.allowance, self.seed, self.side_by_side = space, allowance, seed, side_by_side
        self.supernet, self.data = supernet, data
        self.trials: list[Trial] = []
        self.images = 0
        self._feasible, self._evaluate, self._progress = feasible, evaluate, progress
        self._record, self._recorded = record, list(journal.read(record))
        self._known: dict[Arch, Trial] = {}
        self._idle = 0
        self._fits: dict[Arch, bool] = {}
        self._before = self._recorded[-1].seconds if self._recorded else 0.0
        self._begin = time.monotonic()

    @property
    def folder(self) -> Path | None:
        return self._record.parent if self._record is not None else None

    @property
    def networks_left(self) -> int:
        return max(self.allowance.networks - len(self.trials), 0)

    @property
    def seconds(self) -> float:
        """Spent so far, former runs included."""
        return self._before + time.monotonic() - self._begin

    def rng(self, *purpose: int) -> np.random.Generator:
        """A generator of its own for each purpose; the same each time it is asked for."""
        return np.random.default_rng((self.seed, *purpose) if purpose else self.seed)

    def feasible(self, arch: Arch) -> bool:
        """Whether it keeps the limits; asked of the cost model once."""
        if arch not in self._fits:
            self._fits[arch] = self._feasible(arch)
        return self._fits[arch]

    def evaluate(self, archs: Sequence[Arch]) -> list[Trial]:
        """Their results, in order. A network that was evaluated before costs nothing.

        Raises BudgetSpent when not all could be evaluated (the others are in `trials`) and when nothing new was asked
        PATIENCE times on end, ValueError for a network that breaks the limits, UsageError when the record belongs to
        another search.
        """
        for arch in archs:
            if not self.feasible(arch):
                raise ValueError(f"breaks the limits: {arch.describe()}")
        fresh = [arch for arch in dict.fromkeys(archs) if arch not in self._known]
        self._idle = 0 if fresh else self._idle + 1
        if self._idle > PATIENCE:
            raise BudgetSpent
        while fresh:
            recorded = len(self.trials) < len(self._recorded)
            if self.networks_left == 0 or (not recorded and self._late()):
                raise BudgetSpent
            batch = fresh[: min(self.networks_left, self.side_by_side)]
            fresh = fresh[len(batch) :]
            self._evaluate_batch(batch)
        return [self._known[arch] for arch in archs]

    def count_images(self, count: int) -> None:
        """Raises BudgetSpent when they are not allowed, and when the time is over."""
        if (self.allowance.images is not None and self.images + count > self.allowance.images) or self._late():
            raise BudgetSpent
        self.images += count

    def _late(self) -> bool:
        return self.allowance.seconds is not None and self.seconds >= self.allowance.seconds

    def _evaluate_batch(self, batch: Sequence[Arch]) -> None:
        known = self._recorded[len(self.trials) : len(self.trials) + len(batch)]
        if any(line.arch != _plain(arch) for line, arch in zip(known, batch, strict=False)):
            raise UsageError(
                "the recorded search went another way",
                where=str(self._record),
                hint="seed, space, limits or data have changed: choose another folder, or delete this one",
            )
        fresh = batch[len(known) :]
        fitness = [*(line.fitness for line in known), *(self._evaluate(fresh) if fresh else ())]
        for arch, value in zip(batch, fitness, strict=True):
            trial = Trial(arch, float(value))
            if len(self.trials) >= len(self._recorded):
                journal.append(self._record, journal.Line(arch.to_json(), trial.fitness, self.seconds))
            self.trials.append(trial)
            self._known[arch] = trial
            self._progress(trial)


def _plain(arch: Arch) -> Any:
    """As it reads back from a file."""
    return json.loads(json.dumps(arch.to_json()))
