"""Problem -> Instance: the same problem as numbers, which is what the planners work on.

For every pair (a, b) that meets, all rules together come down to two numbers. The pair is legal when

    offset(b) >= offset(a) + gap(a, b)    or    offset(a) >= offset(b) + gap(b, a)

with gap(a, b) = size(a), or the distance of an overlap of a over b where that is less. An exact overlap at x is a
point between the two: two rules then hold at once, one with gap(a, b) = x, the other with gap(b, a) = -x. Offsets
of the two differ by a multiple of the smaller alignment, so gaps are rounded up to it. Rules of which one side
always holds, and buffers of size 0, are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from tinyengine_tf.memory.problem import Overlap, Problem


@dataclass(frozen=True, eq=False)
class Instance:
    """Buffers of non-zero size by index, ascending by start.

    index      position of each buffer in problem.buffers
    neighbors  for each buffer its rules, a list of (other, gap(other, this), gap(this, other)) in bytes
    overlapping  for each pair that may share bytes, (lower index, higher index) -> most bytes they can share
    """

    problem: Problem
    index: list[int]
    size: list[int]
    align: list[int]
    start: list[int]
    end: list[int]
    neighbors: list[list[tuple[int, int, int]]]
    overlapping: dict[tuple[int, int], int]

    def __len__(self) -> int:
        return len(self.index)

    def peak(self, offsets: list[int]) -> int:
        return max(map(int.__add__, offsets, self.size), default=0)


def instance_of(problem: Problem) -> Instance:
    buffers = problem.buffers
    index = sorted((i for i, b in enumerate(buffers) if b.size_bytes), key=lambda i: (buffers[i].start, i))
    sorted_buffers = [buffers[i] for i in index]
    size = [b.size_bytes for b in sorted_buffers]
    align = [b.align for b in sorted_buffers]
    start = [b.start for b in sorted_buffers]
    end = [b.end for b in sorted_buffers]
    overlaps: dict[tuple[int, int], Overlap] = {}
    if problem.overlaps:
        place = {b.name: k for k, b in enumerate(sorted_buffers)}
        for overlap in problem.overlaps:
            if overlap.over in place and overlap.under in place:
                overlaps[place[overlap.over], place[overlap.under]] = overlap

    neighbors: list[list[tuple[int, int, int]]] = [[] for _ in index]
    live: list[int] = []
    for b, begin in enumerate(start):
        live = [a for a in live if end[a] > begin]
        b_size, b_align, b_neighbors = size[b], align[b], neighbors[b]
        for a in live:
            unit = min(align[a], b_align)
            over, under = (overlaps.get((a, b)), overlaps.get((b, a))) if overlaps else (None, None)
            for above, below in _gaps(size[a], b_size, over, under, unit):
                b_neighbors.append((a, above, below))
                neighbors[a].append((b, below, above))
        live.append(b)
    shared = _most_shared(overlaps, size, min(align, default=1))
    return Instance(problem, index, size, align, start, end, neighbors, shared)


def _gaps(
    a_size: int, b_size: int, a_over_b: Overlap | None, b_over_a: Overlap | None, unit: int
) -> tuple[tuple[int, int], ...]:
    """The rules of a pair: (gap(a, b), gap(b, a)), in multiples of `unit`."""
    above = a_size if a_over_b is None or a_over_b.exact else min(a_size, a_over_b.distance)
    below = b_size if b_over_a is None or b_over_a.exact else min(b_size, b_over_a.distance)
    above, below = above + -above % unit, below + -below % unit
    if above + below <= unit:  # every difference of offsets satisfies one of the two
        return ()
    exact = [(o.distance, sign) for o, sign in ((a_over_b, 1), (b_over_a, -1)) if o is not None and o.exact]
    if not exact:
        return ((above, below),)
    # Ranges of forbidden offset(b) - offset(a), ends excluded; one without a multiple of the unit forbids nothing.
    points = {distance * sign for distance, sign in exact if distance % unit == 0}
    ends = [-below, *sorted(p for p in points if -below < p < above), above]
    return tuple((high, -low) for low, high in pairwise(ends) if high - low > unit)


def _most_shared(overlaps: dict[tuple[int, int], Overlap], size: list[int], unit: int) -> dict[tuple[int, int], int]:
    """Upper bound on the bytes two buffers share, when sizes and distances are rounded up to `unit`.

    With `under` r >= distance above `over`, they share at most size(over) - r, and never more than either. With
    `under` exactly r above, at most size(under) + r as well.
    """
    shared: dict[tuple[int, int], int] = {}
    for (over, under), overlap in overlaps.items():
        over_size, under_size = size[over] + -size[over] % unit, size[under] + -size[under] % unit
        least = overlap.distance + -overlap.distance % unit
        most = min(over_size, under_size, over_size - least)
        if overlap.exact:
            most = min(most, under_size + least) if overlap.distance == least else 0
        pair = (over, under) if over < under else (under, over)
        if most > shared.get(pair, 0):
            shared[pair] = most
    return shared
