"""The values of memory planning: a Problem goes in, a Plan comes out.

A problem is a set of buffers, each alive during a half-open range of steps. Two buffers whose
lifetimes meet must occupy disjoint addresses, unless an Overlap allows more. Nothing here knows
of graphs: the schedule says what lives when, and how close an output may come to its input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tinyengine_tf.errors import InternalError


@dataclass(frozen=True)
class Buffer:
    """`size_bytes` bytes that must keep their place from step `start` up to, not including, step `end`.

    The offset will be a multiple of `align`, a power of two. A buffer of size 0 occupies nothing.
    """

    name: str
    size_bytes: int
    start: int
    end: int
    align: int = 4

    def __post_init__(self) -> None:
        if self.size_bytes < 0:
            raise InternalError(f"size_bytes is {self.size_bytes}, must be 0 or more", where=f"buffer {self.name!r}")
        if self.start >= self.end:
            raise InternalError(f"lives over no step: [{self.start}, {self.end})", where=f"buffer {self.name!r}")
        if self.align < 1 or self.align & (self.align - 1):
            raise InternalError(f"align is {self.align}, must be a power of two", where=f"buffer {self.name!r}")

    def meets(self, other: Buffer) -> bool:
        """Whether some step has both alive."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True)
class Overlap:
    """Two buffers that meet may share bytes: offset(over) + distance <= offset(under) is legal too, or, if `exact`,
    offset(over) + distance == offset(under) alone.

    `over` is an output written in ascending order while the input `under` is consumed in
    ascending order; the write position stays behind the read position when `under` starts
    `distance` bytes or more above `over`. 0 with equal offsets is "in place"; a negative
    distance lets `over` begin above the start of `under`. Exact ones are for writing and reading in an order that
    only ends well when each byte is read right before its place is written. It relates these two buffers only:
    a third one that is alive must be disjoint from both, unless overlaps of its own say more.
    """

    over: str
    under: str
    distance: int
    exact: bool = False


@dataclass(frozen=True)
class Problem:
    """Buffers with distinct names, and the pairs among them that may overlap."""

    buffers: tuple[Buffer, ...]
    overlaps: tuple[Overlap, ...] = ()

    def __post_init__(self) -> None:
        named = self.by_name
        if len(named) != len(self.buffers):
            names = [b.name for b in self.buffers]
            twice = next(name for name in names if names.count(name) > 1)
            raise InternalError("two buffers have this name", where=f"buffer {twice!r}")
        seen = set()
        for overlap in self.overlaps:
            over, under = named.get(overlap.over), named.get(overlap.under)
            where = f"overlap of {overlap.over!r} over {overlap.under!r}"
            if over is None or under is None:
                raise InternalError("names a buffer that does not exist", where=where)
            if over is under or not over.meets(under):
                raise InternalError("must name two buffers whose lifetimes meet", where=where)
            if (overlap.over, overlap.under) in seen:
                raise InternalError("is given twice", where=where)
            seen.add((overlap.over, overlap.under))

    @property
    def by_name(self) -> dict[str, Buffer]:
        return {b.name: b for b in self.buffers}

    def live_at(self, step: int) -> tuple[Buffer, ...]:
        return tuple(b for b in self.buffers if b.start <= step < b.end)

    def live_bytes(self, step: int) -> int:
        """Sum of the sizes alive at a step; overlaps may let a plan need less than the largest sum."""
        return sum(b.size_bytes for b in self.live_at(step))

    @property
    def steps(self) -> range:
        """From the first step with a live buffer to the last."""
        if not self.buffers:
            return range(0)
        return range(min(b.start for b in self.buffers), max(b.end for b in self.buffers))

    @property
    def peak_step(self) -> int:
        """The first step with the most live bytes; 0 for a problem without buffers."""
        return max(self.steps, key=self.live_bytes, default=0)


@dataclass(frozen=True)
class Plan:
    """An offset for every buffer.

    peak_bytes         end of the highest byte in use; 0 when nothing occupies memory
    lower_bound_bytes  no plan for this problem can have a lower peak (proven)
    optimal            peak_bytes == lower_bound_bytes: nothing better exists
    planner            which algorithm found the offsets, and the limit that stopped the exact search, if any
    """

    problem: Problem
    offsets: Mapping[str, int] = field(repr=False)
    peak_bytes: int
    lower_bound_bytes: int
    optimal: bool
    planner: str

    def end_of(self, buffer: Buffer) -> int:
        """Address just above a buffer."""
        return self.offsets[buffer.name] + buffer.size_bytes
