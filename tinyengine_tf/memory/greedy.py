"""The fast planner: first fit in several orders, repaired a few times, and the best of all that.

First fit puts each buffer at the lowest legal address with regard to the buffers already placed, so the
order decides everything. Tried until one meets the lower bound:
  * the busiest steps first (in a chain, the peak step is packed before anything can be in its way);
  * first step first, largest size x lifetime first, largest first (as TFLM does it), last step first;
  * each order also with memory upside down, so that buffers hang from the top.
Then repair: whatever buffer ends at the peak moves to the front of the order, and first fit runs again.
Each placement costs a handful of comparisons in a chain, so all this stays within a millisecond or so
for a network of a hundred buffers. Ties fall by index: the result is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator

from tinyengine_tf.memory.pairs import Instance

Neighbors = list[list[tuple[int, int, int]]]


def first_fit(order: list[int], neighbors: Neighbors, align: list[int]) -> list[int]:
    """Offsets in bytes, buffers placed in `order`, each at its lowest legal offset."""
    offsets = [-1] * len(order)
    for b in order:
        forbidden = []
        for a, above, below in neighbors[b]:
            at = offsets[a]
            if at >= 0:
                forbidden.append((at - below, at + above))  # open interval
        offset = 0
        if forbidden:
            if len(forbidden) > 1:
                forbidden.sort()
            for low, high in forbidden:
                if offset <= low:
                    break
                if offset < high:
                    offset = high
                    if offset & (align[b] - 1):
                        offset += -offset % align[b]
        offsets[b] = offset
    return offsets


def orders(instance: Instance) -> Iterator[tuple[str, list[int]]]:
    """Named orders, most promising first."""
    size, start, end = instance.size, instance.start, instance.end
    indices = range(len(instance))
    load = _busiest_step_bytes(instance)
    yield "busiest step first", [k[2] for k in sorted([(-load[b], -size[b], b) for b in indices])]
    yield "first step first", list(indices)
    yield "largest area first", [k[1] for k in sorted([(-size[b] * (end[b] - start[b]), b) for b in indices])]
    yield "largest first", [k[1] for k in sorted([(-size[b], b) for b in indices])]
    yield "last step first", [k[2] for k in sorted([(-end[b], -start[b], b) for b in indices])]


def _busiest_step_bytes(instance: Instance) -> list[int]:
    """For each buffer the live bytes at the busiest step it sees begin (its own or a later buffer's)."""
    size, neighbors = instance.size, instance.neighbors
    seen = [size[b] + sum([size[a] for a in {a for a, _, _ in neighbors[b]} if a < b]) for b in range(len(instance))]
    return [max([seen[b], *[seen[a] for a, _, _ in neighbors[b] if a > b]]) for b in range(len(instance))]


def upside_down(instance: Instance) -> tuple[Neighbors, list[int]]:
    """The same problem with addresses counted down from the top, and sizes rounded up to their alignment."""
    size = [s + -s % a for s, a in zip(instance.size, instance.align, strict=True)]
    neighbors = [
        [(a, below - size[b] + size[a], above - size[a] + size[b]) for a, above, below in instance.neighbors[b]]
        for b in range(len(instance))
    ]
    return neighbors, size


def greedy(instance: Instance, goal_bytes: int, repairs: int = 6) -> tuple[list[int], str]:
    """Offsets by instance index and the name of the order that won; stops at once when `goal_bytes` is met."""
    if not len(instance):
        return [], "nothing to place"
    best, best_peak, best_name, best_order = [], -1, "", []
    flipped: tuple[Neighbors, list[int]] | None = None
    for name, order in orders(instance):
        offsets = first_fit(order, instance.neighbors, instance.align)
        peak = instance.peak(offsets)
        if best_peak < 0 or peak < best_peak:
            best, best_peak, best_name, best_order = offsets, peak, name, order
            if peak <= goal_bytes:
                return best, best_name
        flipped = flipped or upside_down(instance)
        offsets = _hang(instance, order, flipped)
        peak = instance.peak(offsets)
        if peak < best_peak:
            best, best_peak, best_name, best_order = offsets, peak, f"{name}, from the top", order
            if peak <= goal_bytes:
                return best, best_name
    better = repair(instance, best_order, min(goal_bytes, best_peak - 1), best_peak, repairs)
    return better if better else (best, best_name)


def _hang(instance: Instance, order: list[int], flipped: tuple[Neighbors, list[int]]) -> list[int]:
    neighbors, size = flipped
    hanging = first_fit(order, neighbors, instance.align)
    top = max(map(int.__add__, hanging, size))
    top += -top % max(instance.align)
    offsets = [top - at - s for at, s in zip(hanging, size, strict=True)]
    # Let everything fall as far as it can, lowest first: without overlaps this never raises the peak.
    falling = [k[1] for k in sorted([(at, b) for b, at in enumerate(offsets)])]
    fallen = first_fit(falling, instance.neighbors, instance.align)
    return fallen if instance.peak(fallen) <= instance.peak(offsets) else offsets


def repair(
    instance: Instance, order: list[int], goal_bytes: int, known_peak: int, repairs: int
) -> tuple[list[int], str] | None:
    """First fit again and again, the buffer that ends highest first; None when nothing beats `known_peak`."""
    best: tuple[list[int], str] | None = None
    offsets = first_fit(order, instance.neighbors, instance.align)
    for turn in range(repairs):
        ends = list(map(int.__add__, offsets, instance.size))
        culprit = ends.index(max(ends))
        order = [culprit, *[b for b in order if b != culprit]]
        offsets = first_fit(order, instance.neighbors, instance.align)
        peak = instance.peak(offsets)
        if peak < known_peak:
            best, known_peak = (offsets, f"repaired {turn + 1} times"), peak
            if peak <= goal_bytes:
                break
    return best
