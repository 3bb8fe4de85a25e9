"""Plans carried out byte by byte: right ones pass, and mistakes planted in what the planner is told are found."""

from __future__ import annotations

import ast
import importlib
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tinyengine_tf.memory
from tests.graphs.draw import random_graph
from tests.ops.test_running_sum import cumsum
from tests.schedule.graphs import random_network
from tests.schedule.test_overlap import means
from tinyengine_tf import api
from tinyengine_tf.errors import BadPlan, UnsupportedError
from tinyengine_tf.memory import Plan
from tinyengine_tf.memory.arena import ArenaPlan, Share
from tinyengine_tf.memory.replay import replay
from tinyengine_tf.schedule import Goal, overlap, rows
from tinyengine_tf.target import load_target


def models() -> Iterator[bytes]:
    for images in (2, 3):
        yield means("MEAN", (images, 3, 4, 6))
        yield cumsum((images, 3, 4), 1, reverse=True)
    for seed in range(12):
        yield random_network(seed)
        yield random_graph(random.Random(seed))


def within_what_is_allowed(arena: ArenaPlan) -> Iterator[ArenaPlan]:
    """For each overlap plans that use it, to the last byte and less far, in which all else lies apart."""
    problem = arena.plan.problem
    for o in problem.overlaps:
        first = o.distance + -o.distance % 4
        legal = [first] if o.exact else list(range(first, problem.by_name[o.over].size_bytes, 4))
        for distance in legal[:: -(-len(legal) // 6) or 1]:
            offsets = {o.over: max(-distance, 0), o.under: max(distance, 0)}
            top = max(offsets[name] + problem.by_name[name].size_bytes for name in offsets)
            for b in problem.buffers:
                if b.name not in offsets:
                    offsets[b.name] = top = top + -top % 8
                    top += b.size_bytes
            yield replace(arena, shares=(Share(Plan(problem, offsets, top, 0, False, "close")),))


def compile_all() -> None:
    """Every plan is replayed where it is made; then those are whose outputs come closest to their inputs."""
    for model in models():
        for goal in (Goal("latency"), Goal("ram")):
            try:
                arena = api.compile_graph(api.load_graph(model), load_target("host"), goal)
            except UnsupportedError:
                continue
            for closer in within_what_is_allowed(arena):
                replay(closer)


def test_right_plans_pass() -> None:
    compile_all()


liveness = importlib.import_module("tinyengine_tf.memory.liveness")

MISTAKES: dict[str, tuple[Any, str, Callable[[Any], Any]]] = {
    "the smaller of two distances": (overlap, "max", lambda real: min),
    "a batch is one image": (overlap, "gathered_distance_bytes", lambda real: lambda images, i, o: -i),
    "rows a little too close": (overlap, "row_distance_bytes", lambda real: lambda *a: real(*a) - 8),
    "units a little too close": (overlap, "unit_distance_bytes", lambda real: lambda *a: real(*a) - 8),
    "distances with the wrong sign": (overlap, "row_distance_bytes", lambda real: lambda *a: -abs(real(*a))),
    "in place means anything from 0 on": (liveness, "Overlap", lambda real: lambda *a: real(*a[:3])),
    "rings one row short": (rows, "window_depth", lambda real: lambda *a: max(real(*a) - 1, 1)),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_planted_mistakes_are_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, function, mistake = MISTAKES[name]
    monkeypatch.setattr(module, function, mistake(getattr(module, function, max)), raising=False)
    with pytest.raises(BadPlan):
        compile_all()


def test_replay_takes_no_rule_from_the_planner() -> None:
    tree = ast.parse(Path(tinyengine_tf.memory.__file__).with_name("replay.py").read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {m for m in imported if m and m.startswith("tinyengine_tf")}
    assert ours == {f"tinyengine_tf.{m}" for m in ("errors", "ir", "kernels.base", "memory.arena", "schedule")}
