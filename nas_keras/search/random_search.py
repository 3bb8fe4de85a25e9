"""Uniform draws: the control that every other strategy must beat."""

from __future__ import annotations

from nas_keras.search.lifecycle import Searcher
from nas_keras.space.arch import Arch


class RandomSearch(Searcher):
    """Every feasible architecture is equally likely; results are not looked at."""

    def _propose(self, attempt: int) -> Arch:
        return self.space.sample(self.rng)
