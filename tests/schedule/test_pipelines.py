"""Ring depths and overlap distances of every possible step, against a simulation that knows nothing of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.schedule.graphs import random_network
from tests.schedule.simulate import Lost, Simulation, calls, row_bytes
from tinyengine_tf import api, passes
from tinyengine_tf.errors import UsageError
from tinyengine_tf.ir import Graph, Tensor
from tinyengine_tf.schedule import overlap, pipeline, rows
from tinyengine_tf.schedule.build import fed_input
from tinyengine_tf.schedule.kernels import choose_kernels
from tinyengine_tf.schedule.schedule import Ring, Step
from tinyengine_tf.schedule.segments import Segment, Segments
from tinyengine_tf.target import load_target

SEEDS = st.integers(0, 10_000)
TARGETS = st.sampled_from(("host", "cortex-m4"))


def space_of(model: bytes, target: str = "host", feed: bool = False) -> Segments | None:
    graph: Graph = passes.run(api.load_graph(model), io="model")
    layers, storage = choose_kernels(graph, load_target(target))
    try:
        return Segments(graph, layers, storage, fed_input(graph, layers) if feed else None)
    except UsageError:
        return None


def every_segment(space: Segments) -> Iterator[Segment]:
    for begin in range(space.end):
        if begin or space.fed is None:
            yield space.single(begin)
        yield from space.pipelines(begin)


def steps_of(model: bytes, target: str = "host", feed: bool = False) -> Iterator[Step]:
    """Every step that a schedule of the model may contain and that runs by rows."""
    space = space_of(model, target, feed)
    for segment in every_segment(space) if space else ():
        step = segment.steps[0]
        own_claim = (
            not step.fused and step.layers[0].layout.distances is not None
        )  # finer than units: not for this test
        if all(rows.cannot_stream(layer) is None for layer in step.layers) and not own_claim:
            yield step


def holds(step: Step, tensor: Tensor | None = None, distance: int = 0) -> bool:
    """Whether the step runs without losing a byte, `tensor` lying `distance` bytes above the output."""
    try:
        Simulation(step, {} if tensor is None else {tensor: distance}).run()
    except Lost:
        return False
    return True


def every_row_is_wanted(step: Step) -> bool:
    simulation = Simulation(step)
    simulation.run()
    return all(simulation.done[layer] == calls(layer) for layer in step.layers)


def without_guests(step: Step, tensor: Tensor, depth: int) -> Step:
    """Every tensor in a ring of its own, `tensor` in one of `depth` rows."""
    rings = {t: Ring(r.rows, t, r.rows, row_bytes(t)) for t, r in step.rings.items()}
    return replace(step, rings=rings | {tensor: Ring(depth, tensor, depth, row_bytes(tensor))})


@settings(max_examples=30, deadline=None)
@given(SEEDS, TARGETS, st.booleans())
def test_rings_and_distances_are_safe_and_smallest(seed: int, target: str, feed: bool) -> None:
    for step in steps_of(random_network(seed), target, feed):
        Simulation(step).run()
        complete = every_row_is_wanted(step)
        for tensor, ring in step.rings.items():
            if ring.rows > 1 and complete:
                assert not holds(without_guests(step, tensor, ring.rows - 1)), (
                    f"{tensor}: {ring.rows} rows are too many"
                )
        for tensor, distance in step.distances.items():
            assert not distance.exact
            Simulation(step, {tensor: distance.nbytes}).run()
            if distance.nbytes > -tensor.nbytes and complete:
                assert not holds(step, tensor, distance.nbytes - 1), f"{tensor}: {distance} is not the smallest"


@settings(max_examples=20, deadline=None)
@given(SEEDS, TARGETS, st.booleans())
def test_peak_is_the_sum_of_what_the_step_needs(seed: int, target: str, feed: bool) -> None:
    space = space_of(random_network(seed), target, feed)
    for s in every_segment(space) if space else ():
        life, step = space.life, s.steps[0]
        rings = sum(aligned(step.ring_bytes(t)) for t in step.rings)
        work = aligned(step.scratch_bytes) + sum(aligned(layer.layout.state_bytes) for layer in step.layers)
        alive = sum(
            aligned(o.nbytes) for o, b in life.begin.items() if b < s.begin <= life.end[o] and o is not space.fed
        )
        outs = space.born_bytes(step.outputs, s.begin)
        together = [alive + outs]
        for t, d in step.distances.items():
            owner, inner = space.storage.get(t, (t, 0))
            if life.begin[owner] < s.begin and life.end[owner] < s.end:
                d, under = aligned(d.nbytes - inner), aligned(owner.nbytes)
                together.append(alive - under + max(max(0, -d) + outs, max(0, d) + under))
        assert s.peak_bytes == min(together) + rings + work
        assert s.instructions == pytest.approx(step.instructions)


def aligned(size_bytes: int) -> int:
    """Buffers begin at multiples of 4."""
    return -(-size_bytes // 4) * 4


MUTANTS: dict[str, tuple[str, Callable[..., object]]] = {
    "rings one row short": ("window_depth", lambda real: lambda *a: max(real(*a) - 1, 1)),
    "rings of meeting branches one row short": (
        "_simulated_depths",
        lambda real: lambda *a: {p: max(d - 1, 1) for p, d in real(*a).items()},
    ),
    "distance one byte short": ("row_distance_bytes", lambda real: lambda *a: real(*a) - 1),
    "distance one row short": ("row_distance_bytes", lambda real: lambda corners, i, *a: real(corners, i, *a) - i),
    "oldest rows too late": ("oldest_rows", lambda real: lambda *a: real(*a) + 1),
    "fewer rows needed": ("rows_needed", lambda real: lambda *a: (real(*a) - 1).clip(0)),
    "unit distance forgets the unit in work": (
        "unit_distance_bytes",
        lambda real: lambda units, hold, i, o: real(units, 0, i, o),
    ),
    "hull loses its last corner": ("lower_hull", lambda real: lambda *points: real(*points)[:-1]),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_planted_mistakes_are_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    function, mutant = MUTANTS[name]
    wrong = mutant(getattr(rows, function))
    for module in (rows, overlap, pipeline):
        if hasattr(module, function):
            monkeypatch.setattr(module, function, wrong)
    assert any(
        not holds(step) or any(not holds(step, t, d.nbytes) for t, d in step.distances.items())
        for seed in range(40)
        for step in steps_of(random_network(seed))
    ), "the simulation did not notice"


def test_a_place_too_narrow_for_its_guest_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows put where their reader writes must not reach into the next place."""

    def narrow(self: pipeline.Pipeline) -> dict[Tensor, Ring]:
        rings = real(self)
        hosts = {r.owner for t, r in rings.items() if r.owner is not t}
        return {t: replace(r, pitch_bytes=row_bytes(r.owner) - 1) if r.owner in hosts else r for t, r in rings.items()}

    real = pipeline.Pipeline.rings
    assert any(
        r.owner is not t for seed in range(40) for s in steps_of(random_network(seed)) for t, r in s.rings.items()
    )
    monkeypatch.setattr(pipeline.Pipeline, "rings", narrow)
    assert any(not holds(step) for seed in range(40) for step in steps_of(random_network(seed)))
