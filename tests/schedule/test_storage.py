"""Concatenations and slices without copies: exact, counted right, and taken only where they help."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import assert_exact
from tests.modelgen import ModelBuilder
from tests.schedule.graphs import SCALE, NetworkBuilder
from tinyengine_tf import api, passes
from tinyengine_tf.schedule import Goal
from tinyengine_tf.schedule.storage import joinable, storage_of
from tinyengine_tf.target import load_target


def stacked(seed: int, heads: bool = False) -> bytes:
    """Branches one above the other: along the rows, or (heads) flattened, as detectors join theirs."""
    b = NetworkBuilder(seed, (6, 6, 3))
    start, parts = (b.at, b.image), []
    for _ in range(b.pick(2, 4)):
        b.at, b.image = start
        for _ in range(b.pick(1, 3)):
            b.conv(4, (b.pick(1, 4), 3))
        b.conv(4, (3, 3), zero_point=7)
        parts.append(b.at)
        if b.chance(0.3):
            start = b.at, b.image
    rows, columns, channels = b.image
    if not heads:
        b.push("CONCATENATION", parts, (rows * len(parts), columns, channels), zero_point=7, axis=1)
        b.conv(3, (3, 3))
        return b.finish()
    flat = []
    for part in parts:
        flat.append(b.model.tensor((1, rows * columns * channels), scale=SCALE, zero_point=7))
        b.model.op("RESHAPE", [part, None], [flat[-1]], new_shape=[1, rows * columns * channels])
    total = rows * columns * channels * len(parts)
    joined = b.model.tensor((1, total), scale=SCALE, zero_point=7)
    b.model.op("CONCATENATION", flat, [joined], axis=1)
    weights = b.model.const(b.rng.integers(-127, 128, (3, total)).astype(np.int8), scale=0.001)
    b.at = b.model.tensor((1, 3), scale=SCALE, zero_point=1)
    b.model.op("FULLY_CONNECTED", [joined, weights, None], [b.at], version=4)
    return b.finish()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.booleans(), st.sampled_from([Goal("latency"), Goal("ram")]))
def test_exact(seed: int, heads: bool, goal: Goal) -> None:
    host = assert_exact(stacked(seed, heads), None, goal, count=1)
    if goal.optimize == "latency":
        assert all(layer.op.KIND != "Concatenation" for layer in host.arena.schedule.layers), "a copy is more work"


def test_copied_where_that_needs_less() -> None:
    """The first part is small and early; keeping room for the whole output while the second is made would cost more."""
    b = NetworkBuilder(1, (16, 8, 2))
    b.conv(8, (3, 3), stride=2, zero_point=7)
    first = b.at, b.image
    for _ in range(2):
        b.conv(30, (3, 3))
    b.conv(8, (1, 1), zero_point=7)
    b.push("CONCATENATION", [first[0], b.at], (16, 4, 8), zero_point=7, axis=1)
    b.conv(3, (3, 3))
    model = b.finish()
    graph, host = api.load_graph(model), load_target("host")
    assert len(joinable(passes.run(graph))) == 1
    host_model = assert_exact(model, None, Goal("ram"), count=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["tinyengine_tf.schedule.build"], "joinable", lambda graph: [])
        copied = api.compile_graph(graph, host, Goal("ram")).arena_bytes
    assert host_model.arena.arena_bytes <= copied


def test_what_cannot_be_joined() -> None:
    """Channels of an image are not one after the other; an input appears twice; a part is the network's input."""
    b = NetworkBuilder(1, (4, 4, 2))
    first = b.at
    b.concat()
    b.conv(2, (1, 1), zero_point=-4)
    b.push("CONCATENATION", [b.at, b.at], (8, 4, 2), zero_point=-4, axis=1)
    b.push("CONCATENATION", [first, b.at], (12, 4, 2), zero_point=-4, axis=1)
    model = b.finish()
    assert joinable(passes.run(api.load_graph(model))) == []
    assert_exact(model, None, Goal("ram"), count=1)


def test_joins_within_joins() -> None:
    b = NetworkBuilder(4, (4, 4, 3))
    start, parts = b.at, []
    for _ in range(3):
        b.at, b.image = start, (4, 4, 3)
        b.conv(3, (3, 3), zero_point=5)
        parts.append(b.at)
    b.push("CONCATENATION", parts[:2], (8, 4, 3), zero_point=5, axis=1)
    b.push("CONCATENATION", [parts[2], b.at], (12, 4, 3), zero_point=5, axis=1)
    model = b.finish()
    graph = passes.run(api.load_graph(model))
    joined = joinable(graph)
    offsets = sorted(offset for owner, offset in storage_of(graph, joined).values() if owner is graph.outputs[0])
    assert len(joined) == 2 and offsets == [0, 48, 48, 96]
    assert_exact(model, None, Goal("latency"), count=2)


def test_an_output_that_the_last_layer_reads_is_kept() -> None:
    """ADD could be computed in place, were its input not an output of the network."""
    b = ModelBuilder()
    x = b.input((1, 4, 4, 8), scale=0.1)
    first, second = (b.tensor((1, 4, 4, 8), scale=0.1) for _ in range(2))
    b.op("ADD", [x, x], [first])
    b.op("ADD", [first, first], [second])
    b.output(first)
    b.output(second)
    arena = api.compile_graph(api.load_graph(b.finish()), load_target("host"), Goal("ram"))
    begins = [arena.offset(t) for t in arena.schedule.graph.outputs]
    assert abs(begins[0] - begins[1]) >= 4 * 4 * 8
