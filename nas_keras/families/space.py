"""What a family's networks are as values, so that strategies, stage 1 and reports need not know what they are made of.

Layout   what all spaces of one search have in common (blocks, strides, base widths)
Grid     one layout at several width multipliers and input sizes: what stage 1 chooses from
Space    one layout at one width multiplier and one input size; its networks share one super-network
Arch     one network
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

HW = tuple[int, int]
"""Rows and columns."""
Own = Any
"""An argument that is of the family at hand: its own Arch or Space, which it may name in its own signature."""


class Arch(ABC):
    """One network: hashable, equal to networks that compute the same, the same after a trip through JSON.

    A subclass is a frozen dataclass. Its input is float32 (rows, columns, channels), its output logits of `classes`.
    """

    input_shape: tuple[int, int, int]
    classes: int

    @abstractmethod
    def describe(self) -> str:
        """One line for tables and messages."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """The inverse of `Family.arch_from_json`."""


class Space(ABC):
    """All networks at one width multiplier and one input size (rows, columns): what a super-network contains.

    A subclass is a frozen dataclass. Draws depend on the generator that is given and on nothing else.
    """

    width: float
    resolution: HW

    @property
    @abstractmethod
    def size(self) -> int:
        """How many networks there are."""

    @abstractmethod
    def sample(self, rng: np.random.Generator) -> Arch:
        """A member drawn uniformly over every choice."""

    @abstractmethod
    def mutate(self, arch: Own, rng: np.random.Generator, probability: float) -> Arch:
        """A member: each choice behind `arch` drawn again with `probability`."""

    @abstractmethod
    def cross(self, mother: Own, father: Own, rng: np.random.Generator) -> Arch:
        """A member that takes every choice from one of two."""

    @abstractmethod
    def largest(self) -> Arch:
        """The member with the most weights, MACs and memory; the super-network is trained on it first."""

    @abstractmethod
    def smallest(self) -> Arch:
        """The member with the fewest."""

    def __str__(self) -> str:
        return space_name(self.width, self.resolution)


class Layout(ABC):
    """What all spaces of one search have in common. A subclass is a frozen dataclass; `asdict` of it is JSON."""

    family: ClassVar[str]
    classes: int

    @abstractmethod
    def space(self, width: float, resolution: HW) -> Space:
        """The space at one width multiplier and one input size (rows, columns)."""


@dataclass(frozen=True)
class Grid:
    """The search spaces stage 1 compares: one layout at several width multipliers and input sizes."""

    layout: Layout
    widths: tuple[float, ...]
    resolutions: tuple[HW, ...]

    def spaces(self) -> tuple[Space, ...]:
        return tuple(self.layout.space(w, r) for w in self.widths for r in self.resolutions)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def space_name(width: float, resolution: HW) -> str:
    """`w0.3-r48`, or `w0.3-r49x10`."""
    rows, columns = resolution
    return f"w{width:g}-r{rows}" + (f"x{columns}" if columns != rows else "")
