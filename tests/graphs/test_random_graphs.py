"""Random branching graphs over all operators, bit for bit against TFLM: some in `make test`, many in `make nightly`."""

from __future__ import annotations

import collections
import importlib
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.exact import assert_exact
from tests.graphs.draw import random_graph
from tinyengine_tf import api
from tinyengine_tf.errors import InternalError, UnsupportedError
from tinyengine_tf.kernels.elementwise import binary as binary_module
from tinyengine_tf.memory import arena
from tinyengine_tf.schedule import Goal
from tinyengine_tf.tflite import read

# Functions of the same names hide these modules in their packages.
fuse_activation_module = importlib.import_module("tinyengine_tf.passes.fuse_activation")
fold_pad_module = importlib.import_module("tinyengine_tf.passes.fold_pad")
liveness_module = importlib.import_module("tinyengine_tf.memory.liveness")

GOALS = st.sampled_from((Goal("latency"), Goal("latency"), Goal("balanced"), Goal("ram")))
GRAPHS = st.randoms(use_true_random=False)
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much, HealthCheck.large_base_example)


def check(rng: random.Random, goal: Goal) -> None:
    """Exact, or refused because of scales that 32 bits cannot hold or floats that C libraries round differently."""
    data = random_graph(rng)
    try:
        assert_exact(data, None, goal, count=1, seed=1)
    except UnsupportedError as refused:
        assert all("scale" in problem or "C library" in problem for problem in refused.problems), str(refused)


@settings(max_examples=25, suppress_health_check=SLOW)
@given(GRAPHS, GOALS)
def test_some(rng: random.Random, goal: Goal) -> None:
    check(rng, goal)


@pytest.mark.nightly
@settings(max_examples=600, suppress_health_check=SLOW)
@given(GRAPHS, GOALS)
def test_many(rng: random.Random, goal: Goal) -> None:
    check(rng, goal)


def test_every_operator_is_drawn_and_most_graphs_are_accepted() -> None:
    """The generator keeps its promise: the graphs mean something."""
    opcodes: collections.Counter[str] = collections.Counter()
    accepted = 0
    for seed in range(400):
        data = random_graph(random.Random(seed))
        opcodes.update({op.opcode for op in read(data, "graph").ops})
        try:
            api.load_graph(data)
        except UnsupportedError:
            continue
        accepted += 1
    assert accepted > 340
    assert len(opcodes) >= 50 and min(opcodes.values()) >= 3, opcodes


def off_by_one(real: Callable[..., Any]) -> Callable[..., Any]:
    """ADD, MUL, ... give one too much."""

    def params(op: Any) -> dict[str, Any]:
        drawn = real(op)
        return {**drawn, "zeros": [*drawn["zeros"][:2], drawn["zeros"][2] + 1]}

    return params


def shorter_lives(real: Callable[..., Any]) -> Callable[..., Any]:
    """Buffers are given away one step before their last reader."""

    def liveness(schedule: Any) -> Any:
        live = real(schedule)
        buffers = tuple(replace(b, end=max(b.start + 1, b.end - 1)) for b in live.problem.buffers)
        return replace(live, problem=replace(live.problem, buffers=buffers))

    return liveness


def closer(real: Callable[..., Any]) -> Callable[..., Any]:
    """Outputs reach further into dying inputs than is safe."""
    return lambda *arguments: [replace(o, distance=o.distance - 9) for o in real(*arguments)]


def other_side(real: Callable[..., Any]) -> Callable[..., Any]:
    """A folded PAD adds below what it should add above."""
    return lambda window, pad: real(window, replace(pad, before=pad.after))


MISTAKES: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "a kernel adds one": (binary_module, "_params", off_by_one),
    "the planner shortens lives": (arena, "liveness", shorter_lives),
    "overlaps are too close": (liveness_module, "step_overlaps", closer),
    "a pass forgets a clamp": (fuse_activation_module, "clamp_after", lambda real: lambda first, second: first),
    "a pass pads the other side": (fold_pad_module, "wider", other_side),
}


@pytest.mark.nightly
@pytest.mark.parametrize("mistake", MISTAKES)
def test_planted_mistakes_are_found(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, plant = MISTAKES[mistake]
    monkeypatch.setattr(owner, name, plant(getattr(owner, name)))
    monkeypatch.setattr(api, "replay", lambda arena: None)  # which would find some of them before there is any C
    with pytest.raises((AssertionError, InternalError), match="values differ|lifetimes"):
        for seed in range(1000):
            check(random.Random(seed), Goal())
