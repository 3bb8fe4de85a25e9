"""Problem -> Instance: the same problem as numbers, which is what the planners work on.

For every pair (a, b) that meets, all rules together come down to two numbers. The pair is legal when

    offset(b) >= offset(a) + gap(a, b)    or    offset(a) >= offset(b) + gap(b, a)

with gap(a, b) = size(a), or the distance of an overlap of a over b where that is less. Offsets of the
two differ by a multiple of the smaller alignment, so gaps are rounded up to it. Pairs for which one
of the two always holds, and buffers of size 0, are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinyengine_tf.memory.problem import Problem


@dataclass(frozen=True, eq=False)
class Instance:
    """Buffers of non-zero size by index, ascending by start.

    index      position of each buffer in problem.buffers
    neighbors  for each buffer a list of (other, gap(other, this), gap(this, other)) in bytes
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
    distance: dict[tuple[int, int], int] = {}
    if problem.overlaps:
        place = {b.name: k for k, b in enumerate(sorted_buffers)}
        for overlap in problem.overlaps:
            if overlap.over in place and overlap.under in place:
                distance[place[overlap.over], place[overlap.under]] = overlap.distance

    neighbors: list[list[tuple[int, int, int]]] = [[] for _ in index]
    live: list[int] = []
    for b, begin in enumerate(start):
        live = [a for a in live if end[a] > begin]
        b_size, b_align, b_neighbors = size[b], align[b], neighbors[b]
        for a in live:
            above, below = size[a], b_size  # gap(a, b), gap(b, a)
            if distance:
                above = min(above, distance.get((a, b), above))
                below = min(below, distance.get((b, a), below))
            unit = min(align[a], b_align)
            above, below = above + -above % unit, below + -below % unit
            if above + below > unit:  # otherwise every difference of offsets satisfies one of the two
                b_neighbors.append((a, above, below))
                neighbors[a].append((b, below, above))
        live.append(b)
    shared = _most_shared(distance, size, min(align, default=1))
    return Instance(problem, index, size, align, start, end, neighbors, shared)


def _most_shared(distance: dict[tuple[int, int], int], size: list[int], unit: int) -> dict[tuple[int, int], int]:
    """Upper bound on the bytes two buffers share, when sizes and distances are rounded up to `unit`.

    With `under` r >= distance above `over`, they share at most size(over) - r, and never more than either.
    """
    shared: dict[tuple[int, int], int] = {}
    for (over, under), least in distance.items():
        over_size, under_size = size[over] + -size[over] % unit, size[under] + -size[under] % unit
        most = min(over_size, under_size, over_size - (least + -least % unit))
        pair = (over, under) if over < under else (under, over)
        if most > shared.get(pair, 0):
            shared[pair] = most
    return shared
