"""Uniform draws: the control that every other strategy must beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nas_keras.families.space import Arch
from nas_keras.search.strategy import AskTell, Known


@dataclass(frozen=True)
class RandomSearch(AskTell):
    """Every feasible architecture is equally likely; results are not looked at."""

    def propose(self, known: Known, rng: np.random.Generator, attempt: int) -> Arch:
        return known.space.sample(rng)
