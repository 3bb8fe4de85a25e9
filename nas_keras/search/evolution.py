"""Evolution by generations, as published for MCUNet and Once-for-All.

    first      `population` random networks
    then       the best `parents` so far breed; half of the next generation are crossovers of two
               parents, half mutations of one

Source: MCUNet (NeurIPS 2020), supplement: population 100, parents 20, 50 crossovers and 50
mutations of probability 0.1 per gene, 30 generations.
"""

from __future__ import annotations

from nas_keras.search.lifecycle import Feasible, Searcher, Trial, escape
from nas_keras.space.arch import Arch
from nas_keras.space.space import Space


class Evolution(Searcher):
    """Parents survive as long as no better ones are found; `breeders` holds them, best first."""

    def __init__(
        self,
        space: Space,
        feasible: Feasible,
        seed: int = 0,
        *,
        population: int = 100,
        parents: int = 20,
        mutation_probability: float = 0.1,
    ):
        super().__init__(space, feasible, seed)
        self.population, self.parents, self.mutation_probability = population, parents, mutation_probability
        self.breeders: list[Trial] = []
        self.generation: list[Trial] = []

    def _propose(self, attempt: int) -> Arch:
        if not self.breeders:
            return self.space.sample(self.rng)
        if len(self.asked) % 2 == 0:
            child = self.space.cross(self._parent(), self._parent(), self.rng)
            return self.space.mutate(child, self.rng, escape(self.mutation_probability, attempt)) if attempt else child
        return self.space.mutate(self._parent(), self.rng, escape(self.mutation_probability, attempt))

    def _parent(self) -> Arch:
        return self.breeders[int(self.rng.integers(len(self.breeders)))].arch

    def _may_propose(self) -> bool:
        return len(self.asked) % self.population != 0

    def _learn(self, trial: Trial) -> None:
        self.generation.append(trial)
        if len(self.generation) == self.population:
            everyone = sorted([*self.breeders, *self.generation], key=lambda t: -t.fitness)
            self.breeders, self.generation = everyone[: self.parents], []
