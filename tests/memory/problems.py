"""Problems for the planner's tests: random ones, chains like real networks, and packed hard ones."""

from __future__ import annotations

import random

from hypothesis import strategies as st

from tinyengine_tf.memory import Buffer, Overlap, Plan, Problem


@st.composite
def small_problems(draw: st.DrawFn, max_buffers: int = 5, max_size: int = 5) -> Problem:
    """Few small buffers, any lifetimes and alignments, overlaps of any distance, some exact, of pairs that meet."""
    aligns = draw(st.sampled_from([(1,), (2,), (4,), (1, 2), (1, 4)]))
    buffers = []
    for i in range(draw(st.integers(0, max_buffers))):
        start = draw(st.integers(0, 5))
        size = draw(st.integers(0, max_size))
        buffers.append(Buffer(f"b{i}", size, start, start + draw(st.integers(1, 4)), draw(st.sampled_from(aligns))))
    overlaps = [
        Overlap(over.name, under.name, draw(st.integers(-max_size, max_size)), draw(st.booleans()))
        for over in buffers
        for under in buffers
        if over is not under and over.meets(under) and draw(st.integers(0, 2)) == 0
    ]
    return Problem(tuple(buffers), tuple(overlaps))


def legal(a: Buffer, at_a: int, b: Buffer, at_b: int, overlaps: tuple[Overlap, ...]) -> bool:
    """The rule for two buffers, as problem.Overlap states it."""
    if not a.meets(b) or not a.size_bytes or not b.size_bytes:
        return True
    if at_a + a.size_bytes <= at_b or at_b + b.size_bytes <= at_a:
        return True
    at = {a.name: at_a, b.name: at_b}
    between = [at[o.under] - at[o.over] - o.distance if {o.over, o.under} == set(at) else None for o in overlaps]
    return any(d == 0 or (d > 0 and not o.exact) for d, o in zip(between, overlaps, strict=True) if d is not None)


def exhaustive_peak(problem: Problem) -> int:
    """Least peak over all offsets, by trying them all."""
    buffers = [b for b in problem.buffers if b.size_bytes]

    def fits(placed: list[tuple[Buffer, int]], capacity: int) -> bool:
        if len(placed) == len(buffers):
            return True
        b = buffers[len(placed)]
        for at in range(0, capacity - b.size_bytes + 1, b.align):
            if all(legal(a, at_a, b, at, problem.overlaps) for a, at_a in placed) and fits(
                [*placed, (b, at)], capacity
            ):
                return True
        return False

    capacity = max((b.size_bytes for b in buffers), default=0)
    while not fits([], capacity):
        capacity += 1
    return capacity


def network_like(seed: int, layers: int, overlaps: bool = True) -> Problem:
    """A MobileNet-like chain: expand, depthwise, project, residual additions, scratch; sizes shrink with depth.

    Every output may lie over its input at a distance, as sub-tensor overlap allows; additions are in place.
    """
    rng = random.Random(seed)
    buffers = [Buffer("in", 27648, 0, 1)]
    pairs: list[Overlap] = []
    previous, residual = 0, -1
    for step in range(layers):
        side = max(3, 48 >> (step * 5 // layers))
        channels = rng.choice([8, 16, 24, 32, 48]) * (1 + step * 4 // layers)
        size = side * side * channels
        before = buffers[previous]
        buffers[previous] = Buffer(before.name, before.size_bytes, before.start, step + 1)
        buffers.append(Buffer(f"t{step}", size, step, step + 1))
        if overlaps:
            pairs.append(Overlap(f"t{step}", before.name, rng.choice([0, 1, 2, 4]) * side * channels // 4))
        previous = len(buffers) - 1
        if step % 3 == 0:
            if residual >= 0 and overlaps:
                held = buffers[residual]
                buffers[residual] = Buffer(held.name, held.size_bytes, held.start, step + 1)
            residual = previous
        if step % 2:
            buffers.append(Buffer(f"scratch{step}", rng.choice([256, 512, 1152]), step, step + 1))
    return Problem(tuple(buffers), tuple(pairs))


def packed(seed: int, count: int, capacity: int = 1 << 20, steps: int = 60, loose: float = 0.0) -> Problem:
    """A hard instance: a rectangle of addresses x steps cut into `count` pieces, so that `capacity` is reachable.

    Cutting leaves no waste at all, as in the hardest instances of minimalloc's benchmark; `loose` is the share of
    pieces dropped, which makes room.
    """
    rng = random.Random(seed)
    pieces = [(0, capacity, 0, steps)]
    while len(pieces) < count:
        low, high, start, end = pieces.pop(rng.randrange(len(pieces)))
        across = rng.random() < 0.5
        if across and end - start > 1:
            cut = rng.randrange(start + 1, end)
            pieces += [(low, high, start, cut), (low, high, cut, end)]
        elif not across and high - low > 4096:
            cut = rng.randrange(low // 1024 + 1, high // 1024) * 1024
            pieces += [(low, cut, start, end), (cut, high, start, end)]
        else:
            pieces.append((low, high, start, end))
    kept = [p for p in pieces if rng.random() >= loose]
    rng.shuffle(kept)
    return Problem(tuple(Buffer(f"p{i}", high - low, s, e) for i, (low, high, s, e) in enumerate(kept)))


def with_offsets(plan: Plan, **moved: int) -> Plan:
    """The plan with some offsets changed and the peak made consistent again."""
    offsets = {**plan.offsets, **moved}
    peak = max(offsets[b.name] + b.size_bytes for b in plan.problem.buffers if b.size_bytes)
    return Plan(plan.problem, offsets, peak, min(plan.lower_bound_bytes, peak), peak <= plan.lower_bound_bytes, "test")
