"""plan(): Problem -> Plan. Fast planner, then, unless that meets the bound, an exact search.

The exact search asks "does it fit into this capacity?" again and again: first at the lower bound, then
halving the range between what is proven impossible and the best plan known. Every answer moves one of the two.
A question that gets no answer within its share of the nodes is passed over: larger capacities are still tried,
so that stopping at a limit leaves a good plan and a proven bound.
"""

from __future__ import annotations

from collections.abc import Callable

from tinyengine_tf.memory import branch, sweep
from tinyengine_tf.memory.bound import lower_bound_bytes
from tinyengine_tf.memory.greedy import greedy, repair
from tinyengine_tf.memory.limits import Budget, LimitReached
from tinyengine_tf.memory.pairs import Instance, instance_of
from tinyengine_tf.memory.problem import Plan, Problem

NODE_LIMIT = 20_000
TIME_LIMIT_S = 60.0

# The sweep is at home where few buffers are alive at once; beyond, its zones may multiply before it answers.
SWEEP_LIVE = 8

# Nodes are shared out over the capacities asked about, so that one hard question does not use them all.
SHARES = 8
REPAIRS = 200

Fit = Callable[[Instance, int, Budget], list[int] | None]


def plan(
    problem: Problem, *, time_limit_s: float = TIME_LIMIT_S, exact: bool = True, node_limit: int | None = None
) -> Plan:
    """The best plan found within the limits.

    exact=False stops after the fast planner (about a millisecond for a hundred buffers), or, with a node limit, after
    a sweep of so many nodes. The node limit decides when the search gives up, so results are the same on every
    machine; the clock is a safety net, and `Plan.planner` says when it (or the node limit) was hit.
    """
    instance = instance_of(problem)
    bound = lower_bound_bytes(instance)
    offsets, order = greedy(instance, bound)
    planner = f"first fit, {order}"
    nodes = node_limit if node_limit is not None else NODE_LIMIT if exact else 0
    if nodes and instance.peak(offsets) > bound:
        searches: list[tuple[str, Fit]] = [("sweep", sweep.fit)] if _most_live(instance) <= SWEEP_LIVE else []
        if exact:
            searches.append(("branch and bound", branch.fit))
        offsets, bound, planner = _improve(instance, offsets, bound, planner, Budget(nodes, time_limit_s), searches)
    named = {b.name: 0 for b in problem.buffers}
    for i, offset in zip(instance.index, offsets, strict=True):
        named[problem.buffers[i].name] = offset
    peak = instance.peak(offsets)
    return Plan(problem, named, peak, bound, peak == bound, planner)


def _improve(
    instance: Instance, offsets: list[int], bound: int, planner: str, budget: Budget, searches: list[tuple[str, Fit]]
) -> tuple[list[int], int, str]:
    """Exact search between the bound and the offsets known: (offsets, proven bound, planner)."""
    stopped: list[str] = []
    proof = ""
    for name, fit in searches:
        if name == "branch and bound":
            offsets, planner = _repaired(instance, offsets, bound, planner)
        capacity = below = bound  # capacities under `below` are impossible, or got no answer
        while below < instance.peak(offsets):
            try:
                better = fit(instance, capacity, budget.share(budget.limit // SHARES))
            except (LimitReached, sweep.Unreadable) as reason:
                below = capacity + 1
                stopped.append(f"{name} stopped: {reason}")
            else:
                if better is None:
                    bound = below = capacity + 1
                    proof = f"; proven by {name}"
                else:
                    offsets, planner = better, name
            capacity = (below + instance.peak(offsets) - 1) // 2
        if bound == instance.peak(offsets):
            return offsets, bound, planner + proof
    return offsets, bound, "; ".join([planner, *dict.fromkeys(stopped)])


def _repaired(instance: Instance, offsets: list[int], bound: int, planner: str) -> tuple[list[int], str]:
    """Many repairs of the best plan so far: cheap beside a branch and bound from a poor start."""
    lowest_first = sorted(range(len(instance)), key=lambda b: (offsets[b], b))
    better = repair(instance, lowest_first, bound, instance.peak(offsets), REPAIRS)
    return (better[0], f"first fit, {better[1]}") if better else (offsets, planner)


def _most_live(instance: Instance) -> int:
    ends = instance.end
    live: list[int] = []
    most = 0
    for b, begin in enumerate(instance.start):
        live = [a for a in live if ends[a] > begin]
        live.append(b)
        most = max(most, len(live))
    return most
