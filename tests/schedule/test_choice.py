"""The schedule chosen is the best of all paths of segments; budgets are kept; what cannot be done is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.modelgen import ModelBuilder
from tests.schedule.graphs import NetworkBuilder, random_network
from tinyengine_tf import api, passes
from tinyengine_tf.errors import DoesNotFitError, UsageError
from tinyengine_tf.memory.arena import draft_arena
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.schedule import Goal, build
from tinyengine_tf.schedule.build import in_place_peak_bytes, latency_limit_bytes
from tinyengine_tf.schedule.choose import BALANCED_EXTRA, choose_path, front
from tinyengine_tf.schedule.kernels import choose_kernels
from tinyengine_tf.schedule.segments import Segment, Segments
from tinyengine_tf.target import load_target

HOST = load_target("host")


def every_path(found: Sequence[Segment], begin: int, end: int) -> Iterator[tuple[Segment, ...]]:
    if begin == end:
        yield ()
    for s in found:
        if s.begin == begin:
            yield from ((s, *rest) for rest in every_path(found, s.end, end))


def peak(path: Sequence[Segment]) -> int:
    return max(s.peak_bytes for s in path)


def instructions(path: Sequence[Segment]) -> float:
    return sum(s.instructions for s in path)


def front_of(paths: Sequence[tuple[Segment, ...]], limit: int) -> list[tuple[int, float]]:
    """(peak, instructions) of all paths within the limit that no other path equals or betters in both."""
    points = {(peak(p), round(instructions(p), 3)) for p in paths if peak(p) <= limit}
    best = [p for p in points if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in points)]
    return sorted(best, reverse=True)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(("host", "cortex-m4")))
def test_path_is_best_of_all(seed: int, core: str) -> None:
    graph = passes.run(api.load_graph(random_network(seed, blocks=2)), io="model")
    layers, storage = choose_kernels(graph, load_target(core))
    if not 1 <= len(layers) <= 10:
        return  # too many paths to try them all
    space = Segments(graph, layers, storage)
    found = [space.single(i) for i in range(space.end)] + [s for i in range(space.end) for s in space.pipelines(i)]
    paths = list(every_path(found, 0, space.end))
    limit = latency_limit_bytes(space, HOST.one_piece_bytes)

    def chosen(goal: Goal) -> tuple[Segment, ...]:
        return choose_path(space, goal, limit)

    least = min(map(peak, paths))
    assert peak(chosen(Goal("ram"))) == least
    assert instructions(chosen(Goal("ram"))) == pytest.approx(min(instructions(p) for p in paths if peak(p) == least))
    fastest = min(instructions(p) for p in paths if peak(p) <= max(limit, least))
    assert instructions(chosen(Goal("latency"))) == pytest.approx(fastest) and peak(chosen(Goal("latency"))) <= max(
        limit, least
    )
    assert peak(chosen(Goal("balanced"))) == min(
        peak(p) for p in paths if instructions(p) <= fastest * (1 + BALANCED_EXTRA)
    )
    for budget in {peak(p) for p in paths}:
        path = chosen(Goal(ram_budget_bytes=budget))
        assert peak(path) <= budget
        assert instructions(path) == pytest.approx(min(instructions(p) for p in paths if peak(p) <= budget))
    with pytest.raises(DoesNotFitError, match=f"less than {least:,} bytes"):
        chosen(Goal(ram_budget_bytes=least - 1))
    found_front = [(peak(p), round(instructions(p), 3)) for p in front(space, chosen(Goal("latency")))]
    assert found_front == front_of(paths, max(limit, least))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_ram_never_needs_more_than_latency(seed: int) -> None:
    graph = api.load_graph(random_network(seed))
    latency, ram = (api.compile_graph(graph, HOST, Goal(o)).arena_bytes for o in ("latency", "ram"))
    assert ram <= latency


@pytest.mark.parametrize("seed", [7, 23, 143])
def test_a_plan_that_is_small_enough_is_not_improved(seed: int) -> None:
    """And nothing but the arena depends on whether it is."""
    model = random_network(seed)
    best = api.estimate(model)
    draft, same = (api.estimate(model, enough_bytes=n) for n in (1 << 30, best.arena_bytes))
    assert best.arena_bytes == same.arena_bytes < draft.arena_bytes
    assert draft.arena.plan.planner.startswith("first fit")
    assert (draft.weights_bytes, draft.instructions) == (best.weights_bytes, best.instructions)
    steps = [[step.label for step in e.arena.schedule.steps] for e in (best, draft)]
    assert steps[0] == steps[1]


@pytest.mark.parametrize("seed", [23, 60, 129, 143])
def test_what_ram_needs_is_a_budget_that_is_kept(seed: int) -> None:
    """Also where only the exact planner gets there; a byte less is refused with that number."""
    model = random_network(seed)
    needed = api.convert(model, optimize="ram").arena.arena_bytes
    assert api.convert(model, ram_budget_bytes=needed).arena.arena_bytes <= needed
    with pytest.raises(DoesNotFitError, match=f"less than {needed:,} bytes") as caught:
        api.convert(model, ram_budget_bytes=needed - 1)
    assert caught.value.needed_bytes == needed


def test_refusals() -> None:
    for wrong in (dict(optimize="fastest"), dict(feed="pixels"), dict(ram_budget_bytes=0)):
        with pytest.raises(UsageError):
            Goal(**wrong)  # type: ignore[arg-type]
    network = NetworkBuilder(1, (8, 8, 2))
    network.head()
    with pytest.raises(UsageError, match="cannot be fed by rows"):
        build(api.load_graph(network.finish()), HOST, Goal(feed="rows"))


@pytest.mark.parametrize(
    ("feed", "why"),
    [("rows", "no layer reads it in its own shape"), ("image", "is an output, too, or read in another")],
)
def test_inputs_that_are_reshaped_come_as_a_whole(feed: str, why: str) -> None:
    network = NetworkBuilder(1, (8, 8, 2))
    network.push("RESHAPE", [network.at, None], (4, 16, 2), network.zero_point, new_shape=[1, 4, 16, 2])
    network.conv(3)
    with pytest.raises(UsageError, match=why):
        build(passes.run(api.load_graph(network.finish())), HOST, Goal(feed=feed))


def test_inputs_of_several_images_come_as_a_whole() -> None:
    b = ModelBuilder()
    x, y = b.input((2, 4, 4, 3), scale=0.1), b.tensor((2, 2, 2, 3), scale=0.1)
    window = {"stride_h": 2, "stride_w": 2, "filter_height": 2, "filter_width": 2, "padding": "VALID"}
    b.op("MAX_POOL_2D", [x], [y], fused_activation_function="NONE", **window)
    b.output(y)
    for feed in ("rows", "image"):
        with pytest.raises(UsageError, match="reads or writes something other than one NHWC image"):
            build(passes.run(api.load_graph(b.finish())), HOST, Goal(feed=feed))


@pytest.mark.parametrize("extra", [0.0, 20.0])
def test_latency_keeps_the_largest_live_set_where_that_is_cheap(extra: float) -> None:
    """Kernels without working memory are taken where only they keep it and the work allowed pays for them."""
    network = NetworkBuilder(1, (1, 24, 3))
    network.conv(4, (1, 5))
    network.conv(6, (1, 3))
    network.head()
    graph = passes.run(api.load_graph(network.finish()))
    target = load_target("riscv32")
    chosen = build(graph, target, Goal(lean_extra=extra))
    layers, storage = choose_kernels(graph, target)
    limit = in_place_peak_bytes(Segments(graph, layers, storage))
    plain = max(Segments(graph, layers, storage).single(i).peak_bytes for i in range(len(layers)))
    slower = [layer for layer in chosen.layers if any("would raise the peak" in reason for _, reason in layer.rejected)]
    assert plain > limit
    assert bool(slower) == bool(extra)
    assert (draft_arena(chosen).arena_bytes <= limit) == bool(extra)
    assert all(layer.layout.scratch_bytes < layers[layer.index].layout.scratch_bytes for layer in slower)


def test_fully_connected_layers_do_not_count_as_in_place() -> None:
    """Every output needs every input: the live set that `latency` keeps holds both."""
    network = NetworkBuilder(1, (1, 4, 3))
    network.head()
    graph = passes.run(api.load_graph(network.finish()))
    layers, storage = choose_kernels(graph, HOST)
    dense = next(layer.op for layer in layers if isinstance(layer.op, FullyConnected))
    assert in_place_peak_bytes(Segments(graph, layers, storage)) >= dense.input.nbytes + dense.output.nbytes
