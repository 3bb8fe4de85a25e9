"""Plans as CSV and as a picture."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from tests.memory.problems import network_like, small_problems
from tinyengine_tf.errors import BadPlan, UsageError
from tinyengine_tf.memory import Buffer, Overlap, Plan, Problem, draw, plan
from tinyengine_tf.memory.table import read_plan, read_problem, write_plan, write_problem

ODD_NAMES = Problem((Buffer('a,"b;c"', 8, 0, 2), Buffer("x/y:z", 8, 1, 2)), (Overlap("x/y:z", 'a,"b;c"', -2),))


@settings(max_examples=100, deadline=None)
@given(small_problems())
def test_plans_and_problems_survive_the_file(problem):
    found = plan(problem)
    again = read_plan(write_plan(found))
    assert (again.problem, again.offsets, again.peak_bytes) == (problem, found.offsets, found.peak_bytes)
    assert read_problem(write_problem(problem)) == read_problem(write_plan(found)) == problem


def test_any_name_survives_the_file():
    assert read_problem(write_problem(ODD_NAMES)) == ODD_NAMES


def test_a_file_is_readable():
    assert write_plan(plan(Problem((Buffer("x", 16, 0, 2), Buffer("y", 16, 1, 3)), (Overlap("y", "x", 4),)))) == (
        "id,lower,upper,size,alignment,offset\nx,0,2,16,4,4\ny,1,3,16,4,0\n\nover,under,distance\ny,x,4\n"
    )


def test_an_exact_overlap_is_readable():
    problem = Problem((Buffer("x", 16, 0, 2), Buffer("y", 16, 1, 3)), (Overlap("y", "x", 0, exact=True),))
    assert write_problem(problem).endswith("over,under,distance\ny,x,=0\n")
    assert read_problem(write_problem(problem)) == problem


@pytest.mark.parametrize(
    "text",
    [
        "",
        "id,lower\n",
        "id,lower,upper,size,alignment\nx,0,1\n",
        "id,lower,upper,size,alignment\nx,0,1,big,4\n",
        "id,lower,upper,size,alignment\nx,1,0,4,4\n",
        "id,lower,upper,size,alignment\nx,0,1,4,4\n\nfrom,to\n",
        "id,lower,upper,size,alignment\nx,0,1,4,4\n\nover,under,distance\nx,w,0\n",
        "id,lower,upper,size,alignment\nx,0,1,4,4\n\nover,under,distance\nx,w\n",
        "id,lower,upper,size,alignment\nx,0,2,4,4\ny,0,1,4,4\n\nover,under,distance\nx,y,=\n",
    ],
)
def test_bad_files_are_refused(text):
    with pytest.raises(UsageError, match="plan CSV"):
        read_problem(text)


def test_a_problem_is_not_a_plan_and_a_changed_plan_is_caught():
    problem = Problem((Buffer("x", 16, 0, 2), Buffer("y", 16, 1, 3)))
    with pytest.raises(UsageError, match="offset"):
        read_plan(write_problem(problem))
    with pytest.raises(BadPlan, match="'x'.*'y'"):
        read_plan(write_plan(plan(problem)).replace("1,3,16,4,16", "1,3,16,4,8").replace("1,3,16,4,0", "1,3,16,4,8"))


def test_the_picture_shows_every_byte_where_it_is():
    buffers = (Buffer("x", 16, 0, 2), Buffer("y", 16, 1, 3), Buffer("z", 8, 1, 2))
    found = Plan(Problem(buffers, (Overlap("y", "x", 4),)), {"x": 4, "y": 0, "z": 20}, 28, 28, True, "by hand")
    lines = draw(found, width=28, labels={1: "L01 ADD"}).splitlines()
    assert [line[6:34] for line in lines[1:4]] == [
        "....aaaaaaaaaaaaaaaa........",
        "bbbb%%%%%%%%%%%%aaaacccccccc",
        "bbbbbbbbbbbbbbbb............",
    ]
    assert lines[2].endswith("L01 ADD  <- peak") and "28" in lines[2] and "40" in lines[2]
    assert "peak 28 bytes (optimal, proven)" in lines[4] and lines[5].startswith("  %  shared")
    assert [line.split()[-1] for line in lines[6:]] == ["x", "y", "z"]


def test_the_picture_marks_the_budget_and_can_show_a_part():
    found = plan(network_like(1, 60))
    text = draw(found, budget_bytes=50_000, steps=range(10, 20), width=40, legend=False)
    lines = text.splitlines()
    assert len(lines) == 12 and all("|" in line for line in lines[1:]) and "50,000" in text
    assert max(map(len, lines)) < 120


def test_nothing_can_be_drawn():
    assert "peak 0 bytes" in draw(plan(Problem(()))) and "%" not in draw(plan(Problem(())))
    assert "peak 0 bytes" in draw(plan(Problem((Buffer("empty", 0, 0, 1),))), budget_bytes=0)
