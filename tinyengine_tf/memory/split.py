"""Problem, regions -> Split: which region each buffer lies in, and a plan for each region.

Every buffer lies in exactly one region, so two buffers overlap only within a region. A buffer costs its accesses
times what an access costs there; the split sought fits and costs least, so hot buffers get the fast regions, and
slow memory is used for what fits nowhere else.

  * First, several orders (most accesses per byte first, largest first, ...): each buffer goes to the cheapest region
    whose plan still fits with it. This is the whole of a quick split.
  * Then, for a problem of few buffers, branch and bound over the choices, buffers by their accesses, within a limit
    of nodes. If it comes to its end, `proven` says that no split costs less. Whether a set of buffers fits is
    asked of the bound, the fast planner and the exact one, in this order; a set on which all three stay silent
    counts as too large and costs the proof.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tinyengine_tf.memory.planner import plan
from tinyengine_tf.memory.problem import Plan, Problem
from tinyengine_tf.memory.verify import verify_split

NODE_LIMIT = 1_000
"""Choices of a region that the search may try."""

MOST_SEARCHED = 24
"""Buffers of the largest problem that is searched: beyond, the nodes run out long before the choices do."""

FIT_NODES = 500
"""What the exact planner may spend on one question of the search, in its own nodes."""


@dataclass(frozen=True)
class Split:
    """plans    one per region, in the order of the regions; of empty problems where a region is not used
    cost     accesses times cost per access, over all buffers
    proven   no split that fits costs less
    """

    plans: tuple[Plan, ...]
    cost: int
    proven: bool


def part(problem: Problem, names: frozenset[str]) -> Problem:
    """The problem of some of the buffers; overlaps remain where both ends are among them."""
    return Problem(
        tuple(b for b in problem.buffers if b.name in names),
        tuple(o for o in problem.overlaps if o.over in names and o.under in names),
    )


def split(
    problem: Problem,
    capacities: Sequence[int],
    access_costs: Sequence[int],
    accesses: Mapping[str, int],
    *,
    exact: bool = True,
) -> Split | None:
    """The cheapest split found, verified; None if none is found.

    capacities     bytes of each region, the preferred first
    access_costs   relative cost of an access to each
    accesses       of each buffer in one inference
    exact          search, and plan each region exactly; otherwise the quick split, planned fast.
    """
    search = _Search(problem, capacities, access_costs, accesses)
    for order in search.orders():
        search.fill(order)
    if exact and len(problem.buffers) <= MOST_SEARCHED:
        search.branch()
    if search.best is None:
        return None
    plans = []
    for names in _members(search.best, len(capacities)):
        found = plan(part(problem, names), exact=exact)
        # The plan that answered "it fits" may be the better one, where the node limits stop the searches.
        plans.append(min(found, search.plan_of(names), key=lambda p: p.peak_bytes))
    result = Split(tuple(plans), search.best_cost, exact and search.complete)
    verify_split(problem, result.plans, capacities)
    return result


def _members(assigned: Mapping[str, int], regions: int) -> list[frozenset[str]]:
    return [frozenset(name for name, r in assigned.items() if r == region) for region in range(regions)]


class _Search:
    """The best assignment so far, and what is known about which sets of buffers fit where."""

    def __init__(
        self, problem: Problem, capacities: Sequence[int], access_costs: Sequence[int], accesses: Mapping[str, int]
    ):
        self._problem, self._capacities = problem, capacities
        self._size = {b.name: b.size_bytes for b in problem.buffers}
        self._accesses = {name: accesses.get(name, 0) for name in self._size}
        self._regions = sorted(range(len(capacities)), key=lambda r: (access_costs[r], r))
        self._cost = [[access_costs[r] * self._accesses[name] for r in range(len(capacities))] for name in self._size]
        self._index = {name: i for i, name in enumerate(self._size)}
        self._plans: dict[tuple[frozenset[str], int], Plan] = {}
        self.best: dict[str, int] | None = None
        self.best_cost = 0
        self.complete = False
        self._nodes = NODE_LIMIT
        self._silent = False

    def orders(self) -> list[list[str]]:
        """Orders in which the quick split hands out regions."""
        size, heat = self._size, self._accesses
        density = {name: heat[name] / max(size[name], 1) for name in size}
        return [
            sorted(size, key=lambda n: (-density[n], n)),
            sorted(size, key=lambda n: (-heat[n], n)),
            sorted(size, key=lambda n: (-size[n], n)),
            [b.name for b in sorted(self._problem.buffers, key=lambda b: (b.start, b.name))],
        ]

    def fill(self, order: Sequence[str]) -> None:
        """Each buffer to the cheapest region that still holds it."""
        held: list[frozenset[str]] = [frozenset() for _ in self._capacities]
        assigned: dict[str, int] = {}
        for name in order:
            region = next((r for r in self._regions if self._fit(r, held[r] | {name})), None)
            if region is None:
                return
            held[region] |= {name}
            assigned[name] = region
        self._keep(assigned)

    def branch(self) -> None:
        """Search all assignments, the costliest buffers first, until the nodes run out."""
        spread = {n: max(self._cost[i]) - min(self._cost[i]) for n, i in self._index.items()}
        order = sorted(self._size, key=lambda n: (-spread[n], -self._size[n], n))
        least = [0]
        for name in reversed(order):
            least.append(least[-1] + min(self._cost[self._index[name]]))
        least.reverse()
        finished = self._extend(order, 0, 0, least, {}, [frozenset() for _ in self._capacities])
        self.complete = finished and not self._silent

    def _extend(
        self,
        order: Sequence[str],
        depth: int,
        cost: int,
        least: Sequence[int],
        assigned: dict[str, int],
        held: list[frozenset[str]],
    ) -> bool:
        """Assign order[depth:]; False when the nodes ran out."""
        if self.best is not None and cost + least[depth] >= self.best_cost:
            return True
        if depth == len(order):
            self._keep(dict(assigned))
            return True
        name = order[depth]
        for region in self._regions:
            if self._nodes <= 0:
                return False
            self._nodes -= 1
            grown = held[region] | {name}
            if not self._fit(region, grown, deep=True):
                continue
            before, held[region], assigned[name] = held[region], grown, region
            more = cost + self._cost[self._index[name]][region]
            finished = self._extend(order, depth + 1, more, least, assigned, held)
            held[region] = before
            del assigned[name]
            if not finished:
                return False
        return True

    def _keep(self, assigned: dict[str, int]) -> None:
        cost = sum(self._cost[self._index[name]][region] for name, region in assigned.items())
        if self.best is None or cost < self.best_cost:
            self.best, self.best_cost = assigned, cost

    def _fit(self, region: int, names: frozenset[str], *, deep: bool = False) -> bool:
        """Whether a plan of these buffers is known to fit; `deep` asks the exact planner, too, and notes silence."""
        capacity = self._capacities[region]
        found = self._planned(names, 0)
        if found.peak_bytes > capacity and deep and found.lower_bound_bytes <= capacity:
            found = self._planned(names, FIT_NODES)
            self._silent |= found.lower_bound_bytes <= capacity < found.peak_bytes
        return found.peak_bytes <= capacity

    def _planned(self, names: frozenset[str], nodes: int) -> Plan:
        key = (names, nodes)
        if key not in self._plans:
            self._plans[key] = plan(part(self._problem, names), exact=nodes > 0, node_limit=nodes)
        return self._plans[key]

    def plan_of(self, names: frozenset[str]) -> Plan:
        """The best plan that the search has seen of these buffers."""
        return min((self._planned(names, 0), *self._deep(names)), key=lambda p: p.peak_bytes)

    def _deep(self, names: frozenset[str]) -> list[Plan]:
        return [self._plans[names, FIT_NODES]] if (names, FIT_NODES) in self._plans else []
