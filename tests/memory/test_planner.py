"""plan(): legal, not below its bound, optimal where small enough to know, the same every time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from tests.memory.problems import exhaustive_peak, network_like, packed, small_problems
from tinyengine_tf.memory import Buffer, Overlap, Plan, Problem, branch, plan, sweep, verify
from tinyengine_tf.memory.bound import lower_bound_bytes
from tinyengine_tf.memory.limits import Budget, LimitReached
from tinyengine_tf.memory.pairs import instance_of


@settings(max_examples=300, deadline=None)
@given(small_problems())
def test_small_problems_get_the_exhaustive_optimum(problem):
    found = plan(problem)
    verify(found)
    least = exhaustive_peak(problem)
    assert lower_bound_bytes(instance_of(problem)) <= found.lower_bound_bytes <= least
    assert found.peak_bytes == least or (not found.optimal and "cycle" in found.planner)


@settings(max_examples=200, deadline=None)
@given(small_problems())
def test_fast_plans_are_legal_and_not_below_the_optimum(problem):
    found = plan(problem, exact=False)
    verify(found)
    assert exhaustive_peak(problem) <= found.peak_bytes


@settings(max_examples=300, deadline=None)
@given(small_problems())
def test_each_exact_search_alone_answers_like_the_exhaustive_one(problem):
    instance = instance_of(problem)
    if not len(instance):
        return
    least = exhaustive_peak(problem)
    for fit in (branch.fit, sweep.fit):
        try:
            assert fit(instance, least - 1, Budget(100_000, 60)) is None
            offsets = fit(instance, least, Budget(100_000, 60))
        except (sweep.Unreadable, LimitReached) as reason:
            assert isinstance(reason, sweep.Unreadable) or "cycle" in str(reason)
            continue
        assert offsets is not None and instance.peak(offsets) == least


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("layers", [12, 40, 100])
def test_networks_are_planned_and_proven_optimal(seed, layers):
    found = plan(network_like(seed, layers))
    verify(found)
    assert found.optimal
    assert found.peak_bytes <= plan(Problem(found.problem.buffers)).peak_bytes
    assert found.peak_bytes <= plan(found.problem, exact=False).peak_bytes


@pytest.mark.parametrize("seed", range(8))
def test_packed_instances_have_their_known_optimum(seed):
    found = plan(packed(seed, 40, capacity=1 << 20))
    verify(found)
    assert found.optimal and found.peak_bytes == 1 << 20


@pytest.mark.parametrize("seed", range(4))
def test_large_packed_instances_stay_legal_within_the_node_limit(seed):
    found = plan(packed(seed, 120, loose=0.1), node_limit=400)
    verify(found)
    assert found.optimal or "limit of 400 nodes reached" in found.planner


def test_the_time_limit_stops_the_search_and_the_plan_says_so():
    problem = next(p for p in (packed(seed, 100, loose=0.1) for seed in range(50)) if "limit" in _few_nodes(p).planner)
    found = plan(problem, time_limit_s=0.0)
    verify(found)
    assert not found.optimal and "time limit of 0 s reached" in found.planner


def _few_nodes(problem: Problem) -> Plan:
    return plan(problem, node_limit=400)


def test_the_same_problem_gets_the_same_plan():
    for problem in (network_like(5, 40), packed(3, 40, loose=0.1)):
        first, second = plan(problem), plan(problem)
        assert first == second and dict(first.offsets) == dict(second.offsets)


def test_greedy_stops_at_the_bound_without_exact_search():
    found = plan(network_like(0, 60, overlaps=False))
    assert found.optimal and found.planner.startswith("first fit")


def _pair(
    size_over: int, size_under: int, distance: int, *others: Buffer, align: int = 1, exact: bool = False
) -> Problem:
    over, under = Buffer("over", size_over, 1, 3, align), Buffer("under", size_under, 0, 2, align)
    return Problem((over, under, *others), (Overlap("over", "under", distance, exact),))


@pytest.mark.parametrize(
    ("problem", "peak"),
    [
        (Problem(()), 0),
        (Problem((Buffer("nothing", 0, 0, 5),)), 0),
        (Problem((Buffer("a", 8, 0, 1), Buffer("b", 12, 1, 2))), 12),
        (Problem((Buffer("a", 5, 0, 2), Buffer("b", 5, 0, 2))), 13),  # the upper one starts at 8
        (_pair(10, 10, 0), 10),  # in place
        (_pair(10, 10, 3), 13),
        (_pair(10, 10, 3, align=4), 14),  # 3 rounds up to 4
        (_pair(16, 10, 6), 16),  # the output is the larger
        (_pair(10, 16, -6), 16),  # it may begin above the input
        (_pair(10, 10, 99), 20),  # a distance beyond the size never beats disjoint
        (_pair(10, 10, 0, Buffer("third", 7, 0, 3, 1)), 17),  # disjoint from both
        (_pair(10, 0, 5), 10),
        (_pair(10, 10, 0, exact=True), 10),
        (_pair(10, 10, 3, exact=True), 13),
        (_pair(10, 10, 3, exact=True, align=4), 22),  # no two multiples of 4 are 3 apart
        (_pair(8, 8, 0, Buffer("low", 4, 0, 2, 1), Buffer("high", 4, 2, 3, 1), exact=True), 12),
    ],
)
def test_peaks_known_by_hand(problem, peak):
    found = plan(problem)
    verify(found)
    assert (found.peak_bytes, found.optimal) == (peak, True)


def test_an_output_lies_over_one_of_two_inputs_not_both():
    inputs = (Buffer("a", 8, 0, 2), Buffer("b", 8, 1, 2))
    both = (Overlap("sum", "a", 0), Overlap("sum", "b", 0))
    found = plan(Problem((*inputs, Buffer("sum", 8, 1, 3)), both), exact=False)
    assert found.peak_bytes == found.lower_bound_bytes == 16


def test_overlaps_chain_down_through_three_buffers_alive_at_once():
    buffers = (Buffer("a", 8, 0, 3, 1), Buffer("b", 8, 0, 3, 1), Buffer("c", 8, 0, 3, 1))
    found = plan(Problem(buffers, (Overlap("a", "b", 2), Overlap("b", "c", 2))))
    verify(found)
    assert found.peak_bytes == 16 and found.optimal  # a and c are not related: b spans the seam between them


def test_a_failed_search_leaves_nothing_behind():
    instance = instance_of(network_like(2, 9))
    scale, shift = branch._shifts(instance)
    for capacity in range(lower_bound_bytes(instance) - 4096, lower_bound_bytes(instance), 512):
        for component in branch._components(instance):
            search = branch._Search(instance, component, capacity, scale, shift)
            before = list(search.left), list(search.low)
            try:
                found = search.run(Budget(2000, 60))
            except LimitReached:
                continue
            assert found or (search.left, search.low) == before
