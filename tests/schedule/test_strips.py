"""Column strips over an image outside the arena: bit for bit against TFLM, and what is chosen, refused and said."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import HostModel, assert_exact, random_samples
from tests.schedule.graphs import NetworkBuilder, random_network
from tinyengine_tf import api, passes
from tinyengine_tf.errors import DoesNotFitError, UsageError
from tinyengine_tf.ir import Op, Tensor
from tinyengine_tf.lab import reference
from tinyengine_tf.memory.arena import plan_arena
from tinyengine_tf.memory.placement import constants_in, place_constants
from tinyengine_tf.ops.window import WindowOp
from tinyengine_tf.regions import Region
from tinyengine_tf.report import layer_table, report, summary, weights_bytes
from tinyengine_tf.schedule import Goal, Part, Schedule, strips
from tinyengine_tf.schedule.build import image_input
from tinyengine_tf.schedule.choose import Path
from tinyengine_tf.schedule.kernels import choose_kernels
from tinyengine_tf.schedule.segments import Segment, Segments
from tinyengine_tf.schedule.strips import Image, columns_made, strips_of
from tinyengine_tf.target import load_target

HOST = load_target("host")
BAD_IMAGE = -6


def space_of(model: bytes) -> Segments:
    """Raises UsageError where the image cannot stay outside."""
    graph = passes.run(api.load_graph(model), io="model")
    layers, storage = choose_kernels(graph, HOST)
    return Segments(graph, layers, storage, None, Image(image_input(graph, layers, storage), HOST))


def stages(model: bytes) -> list[Segment]:
    """The first layers in strips, in every way that leaves none that the image's rows must be fused with."""
    space = space_of(model)
    return [s for s in space.in_strips if all(map(space.stands_alone, range(s.end, space.end)))]


def run_stage(model: bytes, segment: Segment) -> None:
    """The strips, then every other layer alone: exact."""
    space = segment.space
    path: Path = (segment, *(space.single(i) for i in range(segment.end, space.end)))
    steps = tuple(step for s in path for step in s.steps)
    arena = plan_arena(Schedule(segment.space.graph, HOST, steps, {**space.storage, **segment.storage}, space.outside))
    assert_exact(model, None, count=1, arena=arena)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 100))
def test_every_stage_of_random_networks(seed: int, choice: int) -> None:
    model = random_network(seed)
    try:
        found = stages(model)
    except UsageError:
        return
    if found:
        run_stage(model, found[choice % len(found)])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(("latency", "balanced", "ram")))
def test_random_networks(seed: int, optimize: str) -> None:
    try:
        assert_exact(random_network(seed), None, Goal(optimize, feed="image"), count=1, seed=seed)
    except UsageError as refused:
        assert "cannot be read where it is" in str(refused)


def uneven(width: int = 23) -> bytes:
    """A stage of everything that strips must get right: strides, dilation, both paddings, residuals, pools."""
    network = NetworkBuilder(3, (17, width, 3))
    network.conv(6, (3, 3), stride=2)
    before = network.at
    network.conv(12, (1, 1))
    network.conv(1, (3, 5), dilation=2, depthwise=True)
    network.conv(6, (1, 1))
    network.add(before)
    network.pool()
    network.conv(5, (2, 4), same=False)
    network.conv(2, (3, 3), stride=2)
    network.conv(24, (1, 1))
    return network.finish()


@pytest.mark.parametrize("width", [19, 22, 31])
def test_widths_that_do_not_divide(width: int) -> None:
    found = stages(uneven(width))
    counts = {len(s.strips) for s in found}
    assert {2, 3} <= counts and len({s.end for s in found}) > 2
    for segment in found[:: len(found) // 3]:
        run_stage(uneven(width), segment)


def test_frames_follow_each_other() -> None:
    """Nothing of one image is left in the next."""
    host = HostModel(uneven(), Goal("ram", feed="image"))
    assert host.arena.schedule.strips > 1
    samples = random_samples(host.graph, 3, seed=5)
    expected = reference.run(uneven(), samples, isolated=False)
    for sample, wanted in [*zip(samples, expected, strict=True), *zip(samples[::-1], expected[::-1], strict=True)]:
        assert host.run(sample)[0].tobytes() == wanted[0].tobytes()


def reached(op: Op, tensor: Tensor, columns: set[int]) -> set[int]:
    """Columns of an input that the given columns of the output are made of, tap by tap."""
    if not isinstance(op, WindowOp):
        return set(columns)
    w = op.window
    taps = {x * w.stride.w - w.pad_left + k * w.dilation.w for x in columns for k in range(w.kernel.w)}
    return taps & set(range(tensor.shape[2]))


@pytest.mark.parametrize("count", [2, 3, 5])
def test_halos_are_what_is_needed_and_no_more(count: int) -> None:
    layers = space_of(uneven()).layers[:7]
    width = layers[-1].op.output.shape[2]
    for number in range(count):
        last = width * number // count, width * (number + 1) // count
        needed = {layers[-1].op.output: set(range(*last))}
        for layer in reversed(layers):
            for t in layer.op.data_inputs:
                needed.setdefault(t, set()).update(reached(layer.op, t, needed[layer.op.output]))
        for tensor, (begin, end) in columns_made(layers, last).items():
            assert (begin, end) == (min(needed[tensor]), max(needed[tensor]) + 1)


def one_short(left: bool) -> Callable[..., Any]:
    """Windows wider than a column see one column less than they should, on the side where a strip begins or ends."""

    def plant(real: Callable[..., strips.Span]) -> Callable[..., strips.Span]:
        def columns_read(op: Op, tensor: Tensor, out: strips.Span) -> strips.Span:
            begin, end = real(op, tensor, out)
            if not isinstance(op, WindowOp) or op.window.kernel.w == 1 or end - begin < 2:
                return begin, end
            return (begin + (begin > 0), end) if left else (begin, end - (end < tensor.shape[2]))

        return columns_read

    return plant


MISTAKES: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "halo one column short on the right": (strips, "columns_read", one_short(left=False)),
    "halo one column short on the left": (strips, "columns_read", one_short(left=True)),
    "every strip padded like the first": (
        strips,
        "_narrower",
        lambda real: lambda op, tensors, begin: real(op, tensors, 0),
    ),
    "parts one column off": (
        Part,
        "offset_bytes",
        lambda real: property(lambda part: real.fget(replace(part, column=max(part.column - 1, 0)))),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_planted_mistakes_change_the_result(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, plant = MISTAKES[mistake]
    model = uneven()
    monkeypatch.setattr(owner, name, plant(getattr(owner, name)))
    with pytest.raises(AssertionError, match="values differ"):
        run_stage(model, next(s for s in stages(model) if s.end > 4 and len(s.strips) == 2))


def test_a_missing_strip_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    model = uneven()
    segment = next(s for s in stages(model) if len(s.strips) == 3)
    with pytest.raises(AssertionError, match="values differ"):
        run_stage(model, replace(segment, strips=segment.strips[:2]))


def wide() -> bytes:
    """Rings of wide rows decide the memory."""
    network = NetworkBuilder(2, (32, 64, 3))
    for _ in range(3):
        network.conv(12, (3, 3), stride=2)
    network.conv(4, (1, 1))
    return network.finish()


def test_strips_are_chosen_within_budgets_and_shown() -> None:
    graph = api.load_graph(wide())
    plain, lean = (api.compile_graph(graph, HOST, Goal(o, feed="image")) for o in ("latency", "ram"))
    assert plain.schedule.strips == 0 and lean.schedule.strips > 1
    assert lean.arena_bytes < api.compile_graph(graph, HOST, Goal("ram", feed="rows")).arena_bytes
    assert all(b.name != "input0" for b in plain.plan.problem.buffers)
    front = api.pareto(wide(), target="host", feed="image")
    assert {p.arena.schedule.strips for p in front} > {0}
    budget = (lean.arena_bytes + min(p.arena_bytes for p in front if not p.arena.schedule.strips)) // 2
    within = api.compile_graph(graph, HOST, Goal(ram_budget_bytes=budget, feed="image"))
    assert within.arena_bytes <= budget and within.schedule.instructions <= lean.schedule.instructions
    assert within.schedule.strips > 1
    with pytest.raises(DoesNotFitError):
        api.compile_graph(graph, HOST, Goal(ram_budget_bytes=lean.arena_bytes // 2, feed="image"))
    count = lean.schedule.strips
    assert f"{graph.inputs[0].nbytes:,} bytes, where the caller has them; read in {count} strips" in summary(lean)
    assert "columns 0 to " in layer_table(lean) and "L00s1" in layer_table(lean)
    told = report(lean, "net")
    assert told["strips"] == count and told["image_bytes_outside"] == graph.inputs[0].nbytes
    assert told["layers"][0]["inputs"][0]["outside"] and told["macs"] > report(plain, "net")["macs"]


def test_strips_share_their_constants() -> None:
    one, some = (api.convert(wide(), target="host", optimize=o, feed="image") for o in ("latency", "ram"))
    arrays = [c.bundle["src/net_weights.c"].count("[") for c in (one, some)]
    assert arrays[1] <= arrays[0] + 1  # a row of padding
    assert weights_bytes(some.arena) == weights_bytes(one.arena) == sum(constants_in(some.arena).values())
    fast, slow = Region("FAST", -1, weights_bytes(one.arena), "flash"), Region("SLOW", -1, 1 << 20, "flash")
    placed = place_constants(some.arena.schedule, (fast, slow))
    assert set(placed.values()) == {fast}, "once is all that has to fit"


def test_what_the_call_refuses() -> None:
    host = HostModel(wide(), Goal("ram", feed="image"))
    invoke, image = host._lib.net_invoke_image, ctypes.create_string_buffer(32 * 64 * 3)
    assert invoke(None, 64 * 3) == BAD_IMAGE and invoke(image, 64 * 3 - 1) == BAD_IMAGE
    assert invoke(image, 64 * 3) == 0


def test_models_that_need_their_input_whole_are_refused() -> None:
    network = NetworkBuilder(1, (8, 8, 2))
    network.head()
    with pytest.raises(UsageError, match="cannot be read where it is"):
        api.compile_graph(api.load_graph(network.finish()), HOST, Goal(feed="image"))


def test_no_more_strips_than_columns() -> None:
    space = space_of(uneven())
    assert space.image is not None
    assert strips_of(space.image, space.layers[:1], 13, space.orders) is None
