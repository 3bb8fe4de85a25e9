"""Aging evolution: a queue from which the oldest dies, whatever its merit, so that luck does not live for ever.

Each step draws `tournament` members, mutates the best of them and appends the child.
Source: Real et al., Regularized Evolution for Image Classifier Architecture Search (AAAI 2019).
"""

from __future__ import annotations

from collections import deque

from nas_keras.search.lifecycle import Feasible, Searcher, Trial, escape
from nas_keras.space.arch import Arch
from nas_keras.space.space import Space


class AgingEvolution(Searcher):
    """The first `population` networks are random; `alive` holds the latest that many."""

    def __init__(
        self,
        space: Space,
        feasible: Feasible,
        seed: int = 0,
        *,
        population: int = 50,
        tournament: int = 10,
        mutation_probability: float = 0.1,
    ):
        super().__init__(space, feasible, seed)
        self.population, self.tournament, self.mutation_probability = population, tournament, mutation_probability
        self.alive: deque[Trial] = deque(maxlen=population)

    def _propose(self, attempt: int) -> Arch:
        if len(self.asked) < self.population or not self.alive:
            return self.space.sample(self.rng)
        drawn = self.rng.integers(len(self.alive), size=min(self.tournament, len(self.alive)))
        winner = max((self.alive[int(i)] for i in drawn), key=lambda t: t.fitness)
        return self.space.mutate(winner.arch, self.rng, escape(self.mutation_probability, attempt))

    def _learn(self, trial: Trial) -> None:
        self.alive.append(trial)
