"""What a network needs on a device, what it may, and who says so; of what networks are made is not known here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Footprint:
    """Cost of one inference.

    sram_bytes     activations and scratch, the whole arena.
    flash_bytes    weights, biases and requantisation tables; code is not included.
    instructions   estimated executed instructions; None where the model cannot tell.
    macs           multiply-accumulates.
    cycles         estimated from documented timings; None for cores that have none.
    """

    sram_bytes: int
    flash_bytes: int
    instructions: int | None
    macs: int
    cycles: int | None = None


@dataclass(frozen=True)
class Limits:
    """Upper bounds, inclusive; None means unbounded."""

    sram_bytes: int | None = None
    flash_bytes: int | None = None
    instructions: int | None = None
    macs: int | None = None
    cycles: int | None = None

    def broken(self, footprint: Footprint) -> tuple[str, ...]:
        """Names of the limits that `footprint` breaks; empty when it fits."""
        names = []
        for name in ("sram_bytes", "flash_bytes", "instructions", "macs", "cycles"):
            limit, value = getattr(self, name), getattr(footprint, name)
            if limit is not None and value is not None and value > limit:
                names.append(name)
        return tuple(names)


class CostModel(Protocol):
    """Answers what an architecture costs. `arch` is one of the family it knows; equal ones get equal answers."""

    @property
    def name(self) -> str: ...

    def footprint(self, arch: Any) -> Footprint: ...

    def judge(self, arch: Any, limits: Limits) -> Footprint:
        """Whether `arch` fits, for less work: breaks a limit exactly when the footprint does, and has its MACs.

        Other figures may be bounds, and of several broken limits some may go unnoticed.
        """
        return self.footprint(arch)


def count_broken(limits: Limits, footprints: Iterable[Footprint]) -> Counter[str]:
    """How many footprints break each limit; one that breaks two counts for both."""
    return Counter(name for f in footprints for name in limits.broken(f))
