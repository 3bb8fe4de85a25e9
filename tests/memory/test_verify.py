"""The checker catches what a wrong planner could do, and names the buffers."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import tinyengine_tf.memory
from tests.memory.problems import legal, network_like, small_problems, with_offsets
from tinyengine_tf.errors import BadPlan, InternalError
from tinyengine_tf.memory import Buffer, Overlap, Plan, Problem, plan, verify

IN_PLACE = Problem((Buffer("x", 16, 0, 2), Buffer("y", 16, 1, 3), Buffer("z", 8, 1, 2)), (Overlap("y", "x", 4),))


def _plan(x: int, y: int, z: int) -> Plan:
    return with_offsets(Plan(IN_PLACE, {}, 0, 0, True, ""), x=x, y=y, z=z)


def test_legal_offsets_pass():
    verify(_plan(x=4, y=0, z=20))
    verify(_plan(x=24, y=8, z=0))


@pytest.mark.parametrize(
    ("offsets", "names"),
    [
        (dict(x=0, y=0, z=20), ("'x'", "'y'")),  # y must begin 4 below x
        (dict(x=0, y=4, z=20), ("'x'", "'y'")),
        (dict(x=4, y=0, z=16), ("'x'", "'z'")),
        (dict(x=8, y=0, z=12), ("'x'", "'z'")),
        (dict(x=24, y=0, z=12), ("'y'", "'z'")),
        (dict(x=4, y=0, z=22), ("'z'",)),  # alignment
        (dict(x=4, y=0, z=-4), ("'z'",)),
    ],
)
def test_wrong_offsets_are_caught_with_their_names(offsets, names):
    with pytest.raises(BadPlan) as caught:
        verify(_plan(**offsets))
    assert all(name in str(caught.value) for name in names)


def test_distances_are_exact_to_the_byte():
    buffers = (Buffer("x", 16, 0, 2, 1), Buffer("y", 16, 1, 3, 1))
    for distance in (-3, 0, 4):
        problem = Problem(buffers, (Overlap("y", "x", distance),))
        verify(with_offsets(Plan(problem, {}, 0, 0, True, ""), x=distance + 5, y=5))
        with pytest.raises(BadPlan, match="'x'.*'y'"):
            verify(with_offsets(Plan(problem, {}, 0, 0, True, ""), x=distance + 4, y=5))


def test_exact_overlaps_are_exact():
    buffers = (Buffer("x", 16, 0, 2, 1), Buffer("y", 16, 1, 3, 1))
    problem = Problem(buffers, (Overlap("y", "x", 3, exact=True),))
    verify(with_offsets(Plan(problem, {}, 0, 0, True, ""), x=8, y=5))
    for x in (7, 9, 20):
        with pytest.raises(BadPlan, match="'x'.*'y'.* exactly "):
            verify(with_offsets(Plan(problem, {}, 0, 0, True, ""), x=x, y=5))


def test_missing_offsets_wrong_peaks_and_wrong_claims_are_caught():
    good = plan(IN_PLACE)
    for bad in (
        replace(good, offsets={"x": 0}),
        replace(good, offsets={**good.offsets, "w": 0}),
        replace(good, offsets={**good.offsets, "z": None}),
        replace(good, peak_bytes=good.peak_bytes - 1),
        replace(good, lower_bound_bytes=good.peak_bytes + 1),
        replace(good, lower_bound_bytes=good.peak_bytes - 1),
    ):
        with pytest.raises(BadPlan):
            verify(bad)


@settings(max_examples=200, deadline=None)
@given(small_problems(), st.data())
def test_a_moved_buffer_is_caught_exactly_when_a_rule_breaks(problem, data):
    assume(any(b.size_bytes for b in problem.buffers))
    moved = data.draw(st.sampled_from(problem.buffers))
    changed = with_offsets(plan(problem), **{moved.name: data.draw(st.integers(0, 12)) * moved.align})
    place, pairs = changed.offsets, [(moved, b) for b in problem.buffers if b is not moved]
    fine = all(legal(a, place[a.name], b, place[b.name], problem.overlaps) for a, b in pairs)
    if fine:
        verify(changed)
    else:
        with pytest.raises(BadPlan):
            verify(changed)


def test_a_planted_distance_is_caught():
    problem = network_like(3, 30)
    found = plan(problem)
    wider = tuple(replace(o, distance=o.distance + 64) for o in problem.overlaps)
    with pytest.raises(BadPlan):
        verify(replace(found, problem=Problem(problem.buffers, wider)))


def test_the_checker_shares_no_code_with_the_planners():
    tree = ast.parse(Path(tinyengine_tf.memory.__file__).with_name("verify.py").read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {m for m in imported if m.startswith("tinyengine_tf")} == {
        "tinyengine_tf.errors",
        "tinyengine_tf.memory.problem",
    }


@pytest.mark.parametrize(
    "build",
    [
        lambda: Buffer("b", -1, 0, 1),
        lambda: Buffer("b", 1, 1, 1),
        lambda: Buffer("b", 1, 0, 1, 3),
        lambda: Buffer("b", 1, 0, 1, 0),
        lambda: Problem((Buffer("b", 1, 0, 1), Buffer("b", 1, 0, 1))),
        lambda: Problem((Buffer("b", 1, 0, 1),), (Overlap("b", "b", 0),)),
        lambda: Problem((Buffer("b", 1, 0, 1),), (Overlap("b", "c", 0),)),
        lambda: Problem((Buffer("b", 1, 0, 1), Buffer("c", 1, 1, 2)), (Overlap("b", "c", 0),)),
        lambda: Problem((Buffer("b", 1, 0, 1), Buffer("c", 1, 0, 2)), (Overlap("b", "c", 0), Overlap("b", "c", 1))),
    ],
)
def test_problems_without_meaning_cannot_be_built(build):
    with pytest.raises(InternalError):
        build()
