"""Aging evolution: a queue from which the oldest dies, whatever its merit, so that luck does not live for ever.

Each step draws `tournament` members, mutates the best of them and appends the child.
Source: Real et al., Regularized Evolution for Image Classifier Architecture Search (AAAI 2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nas_keras.families.space import Arch
from nas_keras.search.options import option
from nas_keras.search.strategy import AskTell, Known, escape


@dataclass(frozen=True)
class AgingEvolution(AskTell):
    """The first `population` networks are random; the latest that many are alive."""

    population: int = option(50, "networks that are alive", least=2)
    tournament: int = option(0, "networks of which the best breeds; 0: a quarter of the population", least=0)
    mutation_probability: float = option(0.1, "of each choice to be drawn again", least=0, most=1)

    def propose(self, known: Known, rng: np.random.Generator, attempt: int) -> Arch:
        alive = known.trials[-self.population :]
        if known.asked < self.population or not alive:
            return known.space.sample(rng)
        size = self.tournament or max(2, self.population // 4)
        drawn = rng.integers(len(alive), size=min(size, len(alive)))
        winner = max((alive[int(i)] for i in drawn), key=lambda t: t.fitness)
        return known.space.mutate(winner.arch, rng, escape(self.mutation_probability, attempt))
