"""Ring depths and overlap distances of every possible step, against a simulation that knows nothing of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.schedule.graphs import random_network
from tests.schedule.simulate import Lost, Simulation
from tinyengine_tf import api, passes
from tinyengine_tf.errors import UsageError
from tinyengine_tf.ir import Tensor
from tinyengine_tf.schedule import rows
from tinyengine_tf.schedule.build import choose_kernels, fed_input
from tinyengine_tf.schedule.schedule import Step
from tinyengine_tf.schedule.segments import segments
from tinyengine_tf.target import load_target

HOST = load_target("host")
SEEDS = st.integers(0, 10_000)


def steps_of(model: bytes, feed: bool = False) -> Iterator[Step]:
    """Every step that a schedule of the model may contain and that runs by rows."""
    graph = passes.run(api.load_graph(model), io="model")
    layers, storage = choose_kernels(graph, HOST)
    fed = None
    if feed:
        try:
            fed = fed_input(graph, layers)
        except UsageError:
            return
    for segment in segments(graph, layers, storage, fed):
        step = segment.step
        own_claim = not step.fused and step.layers[0].layout.distances is not None  # finer than units: not for this test
        if all(rows.cannot_stream(layer) is None for layer in step.layers) and not own_claim:
            yield step


def holds(step: Step, tensor: Tensor | None = None, distance: int = 0) -> bool:
    """Whether the step runs without losing a row, `tensor` lying `distance` bytes above the output."""
    try:
        Simulation(step, {} if tensor is None else {tensor: distance}).run()
    except Lost:
        return False
    return True


@settings(max_examples=100, deadline=None)
@given(SEEDS, st.booleans())
def test_rings_and_distances_are_safe_and_smallest(seed: int, feed: bool) -> None:
    for step in steps_of(random_network(seed), feed):
        Simulation(step).run()
        for tensor, depth in step.rings.items():
            assert depth == 1 or not holds(replace(step, rings={**step.rings, tensor: depth - 1})), f"{tensor}: {depth} rows are too many"
        for tensor, distance in step.distances.items():
            Simulation(step, {tensor: distance}).run()
            if distance > -tensor.nbytes:
                assert not holds(step, tensor, distance - 1), f"{tensor}: {distance} is not the smallest"


MUTANTS: dict[str, tuple[str, Callable[..., object]]] = {
    "ring one row short": ("Order.ring_rows_for", lambda real: lambda self, p, r: max(real(self, p, r) - 1, 1)),
    "distance one byte short": ("row_distance_bytes", lambda real: lambda *a: real(*a) - 1),
    "distance one row short": ("row_distance_bytes", lambda real: lambda lay, s, *a: real(lay, s, *a) - s.nbytes // s.shape[1]),
    "first rows too late": ("_first_rows", lambda real: lambda window, count: real(window, count) + 1),
    "last rows too early": ("_last_rows", lambda real: lambda window, count: real(window, count) - 1),
    "unit distance forgets the unit in work": ("unit_distance_bytes", lambda real: lambda units, hold, i, o: real(units, 0, i, o)),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_planted_mistakes_are_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path, mutant = MUTANTS[name]
    owner = rows.Order if "." in path else rows
    attribute = path.rpartition(".")[2]
    monkeypatch.setattr(owner, attribute, mutant(getattr(owner, attribute)))
    for module in ("overlap", "segments"):
        imported = __import__(f"tinyengine_tf.schedule.{module}", fromlist=["x"])
        if hasattr(imported, attribute):
            monkeypatch.setattr(imported, attribute, getattr(rows, attribute))
    caught = 0
    for seed in range(12):
        for step in steps_of(random_network(seed)):
            caught += not holds(step) or any(not holds(step, t, d) for t, d in step.distances.items())
    assert caught, "the simulation did not notice"
