"""Checks a Plan by brute force, straight from the definitions: every pair, every rule.

It shares no code with the planners (it imports only the values), so that a mistake of theirs
cannot hide here.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from tinyengine_tf.errors import BadPlan
from tinyengine_tf.memory.problem import Buffer, Overlap, Plan, Problem


def verify(plan: Plan) -> None:
    """Raise BadPlan, naming the buffers concerned, unless every rule of the problem holds."""
    buffers = plan.problem.buffers
    names = {b.name for b in buffers}
    if set(plan.offsets) != names:
        raise BadPlan(f"offsets and buffers differ in {sorted(set(plan.offsets) ^ names)}")
    for buffer in buffers:
        _check_place(buffer, plan)
    legal = {(o.over, o.under): o for o in plan.problem.overlaps}
    for a, b in combinations(buffers, 2):
        _check_pair(a, b, plan, legal)
    top = max((plan.offsets[b.name] + b.size_bytes for b in buffers if b.size_bytes), default=0)
    if plan.peak_bytes != top:
        raise BadPlan(f"peak_bytes is {plan.peak_bytes}, but the highest buffer ends at {top}")
    if plan.lower_bound_bytes > plan.peak_bytes:
        raise BadPlan(f"peak {plan.peak_bytes} is below the lower bound {plan.lower_bound_bytes}: the bound is wrong")
    if plan.optimal != (plan.peak_bytes == plan.lower_bound_bytes):
        raise BadPlan(f"optimal={plan.optimal} with peak {plan.peak_bytes} and bound {plan.lower_bound_bytes}")


def verify_split(problem: Problem, plans: Sequence[Plan], capacities: Sequence[int]) -> None:
    """Raise BadPlan unless each buffer lies in exactly one plan, every plan keeps its rules and fits its region."""
    where = [b for plan in plans for b in plan.problem.buffers]
    if sorted(where, key=lambda b: b.name) != sorted(problem.buffers, key=lambda b: b.name):
        raise BadPlan("the regions' buffers are not the problem's, each once")
    for region, (plan, capacity) in enumerate(zip(plans, capacities, strict=True)):
        if not set(plan.problem.overlaps) <= set(problem.overlaps):
            raise BadPlan("overlaps that the problem does not allow", where=f"region {region}")
        verify(plan)
        if plan.peak_bytes > capacity:
            raise BadPlan(f"{plan.peak_bytes} bytes do not fit {capacity}", where=f"region {region}")


def _check_place(buffer: Buffer, plan: Plan) -> None:
    offset = plan.offsets[buffer.name]
    if isinstance(offset, bool) or not isinstance(offset, int) or offset < 0:
        raise BadPlan(f"offset {offset!r} is not a non-negative integer", where=f"buffer {buffer.name!r}")
    if offset % buffer.align:
        raise BadPlan(f"offset {offset} is not a multiple of {buffer.align}", where=f"buffer {buffer.name!r}")


def _check_pair(a: Buffer, b: Buffer, plan: Plan, legal: dict[tuple[str, str], Overlap]) -> None:
    if a.start >= b.end or b.start >= a.end or a.size_bytes == 0 or b.size_bytes == 0:
        return
    at_a, at_b = plan.offsets[a.name], plan.offsets[b.name]
    if at_a + a.size_bytes <= at_b or at_b + b.size_bytes <= at_a:
        return
    allowed = []
    for over, under, at_over, at_under in ((a, b, at_a, at_b), (b, a, at_b, at_a)):
        overlap = legal.get((over.name, under.name))
        if overlap is not None:
            above = at_under - at_over
            if above == overlap.distance or (above > overlap.distance and not overlap.exact):
                return
            bound = "exactly" if overlap.exact else "or more"
            allowed.append(f"{under.name!r} at {overlap.distance} {bound} above {over.name!r}")
    first, last = max(a.start, b.start), min(a.end, b.end)
    raise BadPlan(
        f"{a.name!r} [{at_a}, {at_a + a.size_bytes}) and {b.name!r} [{at_b}, {at_b + b.size_bytes}) "
        f"share bytes while both live in steps [{first}, {last}); allowed: {' or '.join(['disjoint', *allowed])}"
    )
