"""split(): legal, within every region, cheapest where small enough to know; planted mistakes are found."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.memory.problems import exhaustive_peak, network_like, small_problems, with_offsets
from tinyengine_tf.errors import BadPlan
from tinyengine_tf.memory import Buffer, Overlap, Problem, plan
from tinyengine_tf.memory.split import part, split
from tinyengine_tf.memory.verify import verify_split

CHAIN = Problem(
    (Buffer("a", 8, 0, 2), Buffer("b", 8, 1, 3), Buffer("c", 4, 2, 4), Buffer("d", 4, 3, 5)),
    (Overlap("b", "a", 4), Overlap("c", "b", 0)),
)


def cheapest(problem: Problem, capacities, costs, accesses) -> int | None:
    """The least cost over all assignments whose parts fit, by brute force."""
    names = [b.name for b in problem.buffers]
    best = None
    for choice in itertools.product(range(len(capacities)), repeat=len(names)):
        held = [
            frozenset(n for n, r in zip(names, choice, strict=True) if r == region) for region in range(len(capacities))
        ]
        if all(exhaustive_peak(part(problem, h)) <= c for h, c in zip(held, capacities, strict=True)):
            cost = sum(costs[r] * accesses[n] for n, r in zip(names, choice, strict=True))
            best = cost if best is None else min(best, cost)
    return best


@settings(max_examples=150, deadline=None)
@given(small_problems(max_buffers=4), st.tuples(st.integers(1, 8), st.integers(1, 8)), st.data())
def test_small_problems_get_the_cheapest_split(problem, capacities, data):
    accesses = {b.name: data.draw(st.integers(0, 9)) for b in problem.buffers}
    found, least = split(problem, capacities, (1, 5), accesses), cheapest(problem, capacities, (1, 5), accesses)
    if found is None:
        assert least is None
        return
    verify_split(problem, found.plans, capacities)
    assert least is not None and found.cost >= least
    assert found.cost == least or not found.proven


@pytest.mark.parametrize("seed", range(6))
def test_networks_are_split_into_what_two_regions_hold(seed):
    problem = network_like(seed, 30)
    whole = plan(problem).peak_bytes
    capacities = (whole // 2, whole)
    accesses = {b.name: b.size_bytes * (1 + i % 7) for i, b in enumerate(problem.buffers)}
    found = split(problem, capacities, (1, 8), accesses)
    assert found is not None
    verify_split(problem, found.plans, capacities)
    assert all(p.optimal or p.peak_bytes <= c for p, c in zip(found.plans, capacities, strict=True))
    in_slow = sum(accesses[b.name] for b in found.plans[1].problem.buffers)
    assert 0 < in_slow < sum(accesses.values()) / 2
    quick = split(problem, capacities, (1, 8), accesses, exact=False)
    assert quick is not None and quick.cost >= found.cost and not quick.proven


def test_hot_buffers_get_the_fast_region_and_the_order_of_regions_breaks_ties():
    hot = {"a": 1, "b": 1, "c": 100, "d": 100}
    found = split(CHAIN, (8, 100), (1, 8), hot)
    assert found is not None and found.proven
    assert {"c", "d"} <= {b.name for b in found.plans[0].problem.buffers}
    found = split(CHAIN, (100, 100), (2, 2), hot)
    assert found is not None and not found.plans[1].problem.buffers


def test_what_fits_nowhere_has_no_split():
    assert split(CHAIN, (7, 7), (1, 2), {}) is None


def test_planted_mistakes_are_found():
    found = split(CHAIN, (8, 12), (1, 8), {b.name: 1 for b in CHAIN.buffers})
    assert found is not None
    verify_split(CHAIN, found.plans, (8, 12))
    first, second = found.plans
    with pytest.raises(BadPlan, match="do not fit"):
        verify_split(CHAIN, found.plans, (first.peak_bytes - 1, 12))
    with pytest.raises(BadPlan, match="each once"):
        verify_split(CHAIN, (first, first), (8, 12))
    with pytest.raises(BadPlan, match="each once"):
        verify_split(CHAIN, (first, plan(Problem(()))), (8, 12))
    free = replace(CHAIN, overlaps=(Overlap("d", "c", 0),))
    with pytest.raises(BadPlan, match="overlaps"):
        verify_split(CHAIN, (plan(free), plan(Problem(()))), (99, 99))
    moved = second.problem.buffers[0].name
    with pytest.raises(BadPlan):
        verify_split(CHAIN, (first, with_offsets(second, **{moved: 100})), (8, 12))
