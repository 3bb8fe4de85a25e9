"""The life of a search: ask for architectures, evaluate them, tell the results, again.

    searcher.ask(n)             up to n architectures, each feasible and never asked before
    searcher.tell(arch, fit)    one result; results come in the order in which they were asked

A searcher decides by its seed and by what it was told, nothing else. Told the same results again
it is in the same state again: that is how an interrupted search resumes from its journal.
"""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nas_keras.space.arch import Arch
from nas_keras.space.space import Space
from tinyengine_tf.errors import UsageError

Feasible = Callable[[Arch], bool]
PATIENCE = 1000


@dataclass(frozen=True)
class Trial:
    """One evaluated architecture; larger fitness is better."""

    arch: Arch
    fitness: float


class Searcher(ABC):
    """Base of all strategies. A subclass implements `_propose` and, if results matter, `_learn`.

    feasible   whether an architecture keeps the limits; infeasible ones are never asked.
    """

    def __init__(self, space: Space, feasible: Feasible, seed: int = 0):
        self.space, self.feasible = space, feasible
        self.rng = np.random.default_rng(seed)
        self.asked: set[Arch] = set()
        self.trials: list[Trial] = []

    def ask(self, count: int = 1) -> list[Arch]:
        """Up to `count` new architectures; fewer when results are awaited first, none when nothing new is found."""
        batch: list[Arch] = []
        while len(batch) < count and (not batch or self._may_propose()):
            arch = self._fresh()
            if arch is None:
                break
            self.asked.add(arch)
            batch.append(arch)
        return batch

    def tell(self, arch: Arch, fitness: float) -> None:
        """The result of an architecture that was asked."""
        if arch not in self.asked:
            raise ValueError(f"never asked: {arch.describe()}")
        self.trials.append(Trial(arch, fitness))
        self._learn(self.trials[-1])

    @abstractmethod
    def _propose(self, attempt: int) -> Arch:
        """A member of the space. It may be known or infeasible: then it is called again with the next `attempt`."""

    def _learn(self, trial: Trial) -> None:  # noqa: B027 - a strategy may ignore results
        """Take a result into account."""

    def _may_propose(self) -> bool:
        """Whether another proposal can be made before the pending results are told."""
        return True

    def _fresh(self) -> Arch | None:
        """A new feasible architecture: proposed, or drawn at random when proposals only repeat; None when both fail."""
        for draw in (self._propose, lambda attempt: self.space.sample(self.rng)):
            for attempt in range(PATIENCE):
                arch = draw(attempt)
                if arch not in self.asked and self.feasible(arch):
                    return arch
        return None


def run(
    searcher: Searcher,
    evaluate: Callable[[Sequence[Arch]], Sequence[float]],
    evaluations: int,
    *,
    journal: Path | None = None,
    batch: int = 1,
    progress: Callable[[Trial], None] = lambda trial: None,
) -> list[Trial]:
    """Evaluate up to `evaluations` architectures, those recorded in `journal` included; returns all trials in order.

    `evaluate` gets up to `batch` architectures at a time and returns their fitness in the same order. Each
    result is on disk before the next evaluation starts. Fewer trials come back when the space is exhausted.
    Raises UsageError when the journal belongs to another search.
    """
    recorded = list(_read(journal))
    while len(searcher.trials) < evaluations:
        archs = searcher.ask(min(batch, evaluations - len(searcher.trials)))
        if not archs:
            break
        known = recorded[len(searcher.trials) : len(searcher.trials) + len(archs)]
        if any(t.arch != a for t, a in zip(known, archs, strict=False)):
            raise UsageError(
                "the recorded search went another way",
                where=str(journal),
                hint="seed, space, limits or data have changed: choose another folder, or delete this one",
            )
        fresh = archs[len(known) :]
        for arch, fitness in zip(
            archs, [*(t.fitness for t in known), *(evaluate(fresh) if fresh else ())], strict=True
        ):
            searcher.tell(arch, float(fitness))
            trial = searcher.trials[-1]
            if len(searcher.trials) > len(recorded):
                _append(journal, trial)
            progress(trial)
    return searcher.trials


def escape(probability: float, attempt: int) -> float:
    """A mutation probability that grows, up to 1, while proposals keep being known or infeasible."""
    return min(1.0, probability * (1 + attempt / 10))


def best(trials: Sequence[Trial]) -> Trial:
    """The first of those with the largest fitness."""
    return max(trials, key=lambda t: t.fitness)


def _read(journal: Path | None) -> Iterator[Trial]:
    """Recorded trials; a last line that a kill cut short is dropped from the file."""
    if journal is None or not journal.exists():
        return
    content = journal.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        os.truncate(journal, len(whole))
    for line in whole.splitlines():
        value = json.loads(line)
        yield Trial(Arch.from_json(value["arch"]), value["fitness"])


def _append(journal: Path | None, trial: Trial) -> None:
    if journal is None:
        return
    try:
        journal.parent.mkdir(parents=True, exist_ok=True)
        with open(journal, "a") as file:
            file.write(json.dumps({"fitness": trial.fitness, "arch": trial.arch.to_json()}) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise UsageError(
            f"cannot write: {error.strerror}", where=str(journal), hint="free some space; the search will resume"
        ) from error
