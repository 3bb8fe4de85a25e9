"""A peak no plan can be below: the most bytes that must be occupied at one step.

At a step, the live buffers cover at least the sum of their sizes minus what overlaps let them share.
How much that is at most:
  * Take the pairs that may share bytes as edges, each worth the most bytes the two can share.
  * Hand every edge to one of its ends, always serving the end with most edges left; the ends that
    receive edges then cover all of them.
  * An address held by k buffers is counted k-1 times too often. The k buffers are pairwise linked, so
    at least k-1 of them received an edge to another of the k: each of these can answer for one count.
  * So the total is at most the sum over receiving ends of min(own size, worth of the edges received).
    The second operand keeps an ADD, whose output may lie over either input but not both, honest.
Alignment: with sizes rounded up to the smallest alignment, disjoint buffers stay disjoint; only the
topmost buffer need not be followed by its padding, hence the largest padding is given back.
"""

from __future__ import annotations

from tinyengine_tf.memory.pairs import Instance


def lower_bound_bytes(instance: Instance) -> int:
    """A proven lower bound on the peak of any plan, in bytes."""
    unit = min(instance.align, default=1)
    size = [s + -s % unit for s in instance.size]
    bound = total = 0
    live: list[int] = []
    for b, begin in enumerate(instance.start):
        # Live bytes only grow until the next step begins, so the last buffer of each step counts.
        for a in live:
            if instance.end[a] <= begin:
                total -= size[a]
        live = [a for a in live if instance.end[a] > begin]
        live.append(b)
        total += size[b]
        if b + 1 < len(size) and instance.start[b + 1] == begin:
            continue
        padding = max(size[a] - instance.size[a] for a in live) if unit > 1 else 0
        if total - padding > bound:
            bound = max(bound, total - padding - _most_saved(instance, live, size))
    return max(bound, max(instance.size, default=0))


def _most_saved(instance: Instance, live: list[int], size: list[int]) -> int:
    shared = instance.overlapping
    if not shared:
        return 0
    edges = {(a, b): shared[a, b] for i, b in enumerate(live) for a in live[:i] if (a, b) in shared}
    saved = 0
    while len(edges) > 1:
        ends = [v for edge in edges for v in edge]
        hub = max(ends, key=ends.count)
        received = [edge for edge in edges if hub in edge]
        saved += min(size[hub], sum(edges.pop(edge) for edge in received))
    return saved + sum(edges.values())
