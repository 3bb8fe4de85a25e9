"""Evolution by generations, as published for MCUNet and Once-for-All.

    first      `population` random networks
    then       the best `parents` so far breed; half of the next generation are crossovers of two
               parents, half mutations of one

Source: MCUNet (NeurIPS 2020), supplement: population 100, parents 20, 50 crossovers and 50
mutations of probability 0.1 per gene, 30 generations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nlargest

import numpy as np

from nas_keras.families.space import Arch
from nas_keras.search.context import Trial
from nas_keras.search.options import option
from nas_keras.search.strategy import AskTell, Known, escape


@dataclass(frozen=True)
class Evolution(AskTell):
    """Parents survive as long as no better ones are found."""

    population: int = option(100, "networks in one generation", least=2)
    parents: int = option(20, "networks that breed, the best so far", least=1)
    mutation_probability: float = option(0.1, "of each choice to be drawn again", least=0, most=1)

    def propose(self, known: Known, rng: np.random.Generator, attempt: int) -> Arch:
        breeders = self.breeders(known.trials)
        if not breeders:
            return known.space.sample(rng)

        def parent() -> Arch:
            return breeders[int(rng.integers(len(breeders)))].arch

        if known.asked % 2 == 0:
            child = known.space.cross(parent(), parent(), rng)
            return known.space.mutate(child, rng, escape(self.mutation_probability, attempt)) if attempt else child
        return known.space.mutate(parent(), rng, escape(self.mutation_probability, attempt))

    def breeders(self, trials: Sequence[Trial]) -> list[Trial]:
        """The best of all whole generations, best first, the older of equals first."""
        whole = len(trials) // self.population * self.population
        return nlargest(self.parents, trials[:whole], key=lambda t: t.fitness)

    def must_wait(self, known: Known) -> bool:
        return known.asked % self.population == 0
