"""Graph, Target, Goal -> Schedule: a kernel for every layer, then the best path of segments."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial

from tinyengine_tf.errors import DoesNotFitError, TinyEngineError, UsageError
from tinyengine_tf.ir import Graph, Tensor
from tinyengine_tf.ops.conv2d import WeightedOp
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.schedule.choose import (
    BALANCED_EXTRA,
    Goal,
    Path,
    choose_path,
    front,
    instructions_of,
    peak_of,
)
from tinyengine_tf.schedule.kernels import choose_kernels, why_frugal, with_less_scratch
from tinyengine_tf.schedule.layer import Layer
from tinyengine_tf.schedule.planner import Planner
from tinyengine_tf.schedule.reorder import reordered
from tinyengine_tf.schedule.rows import Orders, cannot_stream, row_windows
from tinyengine_tf.schedule.schedule import Schedule
from tinyengine_tf.schedule.segments import Segments
from tinyengine_tf.schedule.storage import Storage, joinable
from tinyengine_tf.schedule.strips import Image
from tinyengine_tf.target import Target


def build(
    graph: Graph,
    target: Target,
    goal: Goal = Goal(),
    planner: Planner | None = None,
    ram_bytes: int | None = None,
    orders: Orders | None = None,
) -> Schedule:
    """The schedule that serves `goal` best.

    planner   says what a schedule needs once its memory is planned; None: the sum of what is alive in its busiest step.
    ram_bytes what `latency` may use, where a schedule can keep that; None: the largest RAM of the target's chip.
    orders    what was found for other graphs, to be found no second time; None: nothing.
    Raises UnsupportedError for operators the target has no kernel for, DoesNotFitError when no
    schedule keeps the budgets.
    """
    room = ram_bytes or target.one_piece_bytes
    variants = partial(_choices, graph, target, goal.feed, goal.flash_budget_bytes, orders or Orders())
    found, refused = _best_of(variants(), room, goal, planner)
    if goal.keeps_live_set and not any(best.kept for best in found):
        most = min((best.instructions for best in found), default=math.inf) * (1 + goal.lean_extra)
        lean = _best_of(variants(lean=True), room, goal, planner)[0]
        found += [best for best in lean if best.kept and best.instructions <= most]
    if not found:
        raise min(refused, key=lambda error: error.needed_bytes if isinstance(error, DoesNotFitError) else 0)
    if goal.optimize == "balanced" and goal.ram_budget_bytes is None:
        most = min(best.instructions for best in found) * (1 + BALANCED_EXTRA)
        found = [best for best in found if best.instructions <= most]
    return min(found, key=lambda best: best.order(goal)).schedule


@dataclass(frozen=True)
class Best:
    """The schedule of one variant that serves a goal best. `kept`: it keeps the limit of `latency`."""

    schedule: Schedule
    instructions: float
    peak_bytes: int
    kept: bool

    def order(self, goal: Goal) -> tuple[float, ...]:
        """Less is better."""
        if goal.saves_work:
            return goal.keeps_live_set and not self.kept, self.instructions, self.peak_bytes
        return self.peak_bytes, self.instructions


def _best_of(
    choices: Iterable[tuple[Segments, Callable[[Path], Schedule]]],
    ram_bytes: int | None,
    goal: Goal,
    planner: Planner | None,
) -> tuple[list[Best], list[TinyEngineError]]:
    """(the best schedule of every variant that has one, why the others have none)."""
    found: list[Best] = []
    refused: list[TinyEngineError] = []
    for space, schedule_of in choices:
        schedule = cache(schedule_of)
        measure, settle = (
            peak_of if asked is None else lambda path, schedule=schedule, asked=asked: asked(schedule(path))
            for asked in ((planner.draft_bytes, planner.settled_bytes) if planner else (None, None))
        )
        limit = latency_limit_bytes(space, ram_bytes) if goal.knows_live_set else 0
        try:
            path = choose_path(space, goal, limit, measure, settle)
        except (DoesNotFitError, UsageError) as error:
            refused.append(error)
            continue
        peak = measure(path) if path else 0
        found.append(Best(schedule(path), instructions_of(path), peak, peak <= limit))
    return found, refused


def build_front(
    graph: Graph, target: Target, feed: str = "frame", flash_budget_bytes: int | None = None
) -> list[Schedule]:
    """Schedules from the fastest to the leanest, none better than another in both instructions and memory.

    Memory is the sum of what is alive in the busiest step; exact within the enumerated segments. Raises as `build`.
    """
    found = []
    for space, schedule_of in _choices(graph, target, feed, flash_budget_bytes, Orders()):
        paths = front(space) if space.end else [()]
        found += [(instructions_of(path), peak_of(path) if path else 0, schedule_of(path)) for path in paths]
    found.sort(key=lambda point: point[:2])
    least = [min(peak for _, peak, _ in found[:i]) if i else None for i in range(len(found))]
    return [schedule for (_, peak, schedule), best in zip(found, least, strict=True) if best is None or peak < best]


def _choices(
    graph: Graph,
    target: Target,
    feed: str,
    flash_budget_bytes: int | None,
    orders: Orders,
    lean: bool = False,
) -> Iterator[tuple[Segments, Callable[[Path], Schedule]]]:
    """The segments of every variant of a graph, with what makes schedules of their paths.

    Variants: concatenations in place or copied; kernels that spend the flash budget, and often more RAM, or not; the
    file's order of layers, or one that holds less at once. `lean`: where a kernel's working memory would raise the peak
    above the largest live set, a slower kernel that needs less; variants without such a layer are left out.
    """
    joins = dict.fromkeys((tuple(joinable(graph)), ()))
    budgets = (flash_budget_bytes, None) if flash_budget_bytes is not None else (None,)
    for joined, budget in itertools.product(joins, budgets):
        layers, storage = choose_kernels(graph, target, joined, budget)
        for order in (layers, reordered(graph, layers, storage)):
            if order is not None:
                fed = fed_input(graph, order) if feed == "rows" else None
                image = Image(image_input(graph, order, storage), target) if feed == "image" else None
                space = Segments(graph, order, storage, fed, image, orders)
                if lean:
                    most = scratch_limits(space)
                    leaner = with_less_scratch(order, most, target, why_frugal(budget))
                    space = Segments(graph, leaner, storage, fed, image, orders)
                if not lean or most:
                    yield space, partial(_schedule_of, graph, target, space)


def _schedule_of(graph: Graph, target: Target, space: Segments, path: Path) -> Schedule:
    storage = dict(space.storage)
    for segment in path:
        storage |= segment.storage
    return Schedule(graph, target, tuple(step for s in path for step in s.steps), storage, space.outside)


def fed_input(graph: Graph, layers: Sequence[Layer]) -> Tensor:
    """The graph input that can arrive row by row. Raises UsageError when there is none."""
    source = _only_input(graph, "rows")
    readers = [layer for layer in layers if source in layer.op.data_inputs]
    reason = next((r for layer in readers if (r := cannot_stream(layer))), None)
    if not readers or readers[0] is not layers[0] or reason:
        why = (
            f"its first reader {reason or 'is not the first layer'}"
            if readers
            else "no layer reads it in its own shape"
        )
        raise UsageError(
            f"the input cannot be fed by rows: {why}",
            where=graph.name,
            hint="feed whole frames",
        )
    return source


def image_input(graph: Graph, layers: Sequence[Layer], storage: Storage) -> Tensor:
    """The graph input that can be read where the caller has it. Raises UsageError when there is none."""
    source = _only_input(graph, "an image")
    readers = [layer for layer in layers if source in layer.op.data_inputs]
    named = source in graph.results or any(owner is source for owner, _ in storage.values())
    reasons = ["is an output, too, or read in another shape"] if named else []
    for layer in readers:
        by_rows = cannot_stream(layer) is None and source in dict(row_windows(layer))
        reasons += [] if by_rows else [f"is read by {layer.label}, which {cannot_stream(layer) or 'wants it whole'}"]
    if reasons or not readers:
        raise UsageError(
            f"the input cannot be read where it is: it {(reasons or ['is not read'])[0]}",
            where=graph.name,
            hint="feed whole frames",
        )
    return source


def _only_input(graph: Graph, what: str) -> Tensor:
    if graph.states:
        raise UsageError(f"{what} cannot be fed to a model that remembers", where=graph.name, hint="feed whole inputs")
    if len(graph.inputs) != 1:
        raise UsageError(
            f"{what} can be fed to a model of one input, this one has {len(graph.inputs)}", where=graph.name
        )
    return graph.inputs[0]


def latency_limit_bytes(space: Segments, ram_bytes: int | None) -> int:
    """What `latency` may use: the largest live set with in-place depthwise and add, the RAM there is if less."""
    limit = in_place_peak_bytes(space)
    return limit if ram_bytes is None else min(limit, ram_bytes)


def scratch_limits(space: Segments) -> dict[int, int]:
    """Layer -> working memory that leaves the largest live set the peak, for layers whose kernels take more."""
    limit = in_place_peak_bytes(space)
    excess = {layer.index: space.single(i).peak_bytes - limit for i, layer in enumerate(space.layers)}
    taken = {layer.index: facts.scratch + facts.state for layer, facts in zip(space.layers, space.facts, strict=True)}
    return {i: max(taken[i] - more, 0) for i, more in excess.items() if more > 0 and taken[i] > 0}


def in_place_peak_bytes(space: Segments) -> int:
    """Largest sum of live tensors when stride-1 depthwise convolutions and elementwise layers overwrite a dying input.

    An input that is fed by rows counts as a whole frame, one that stays outside the arena does not count.
    """
    life, frame = space.life, 0 if space.fed is None else space.fed.nbytes
    peak = space.live_in[0] + frame if space.end else 0
    for index, layer in enumerate(space.layers):
        live = space.live_in[index] + space.born_bytes(layer.op.outputs, index)
        live += frame if space.fed is not None and life.end[space.fed] >= index else 0
        depthwise = isinstance(layer.op, DepthwiseConv2D)
        elementwise = layer.layout.flat > 0 and not isinstance(layer.op, WeightedOp)
        out = layer.op.output
        if (depthwise or elementwise) and len(layer.op.outputs) == 1:
            dying = {life.owner(t) for t in layer.op.data_inputs if life.end[life.owner(t)] == index}
            live -= max((min(out.nbytes, o.nbytes) for o in dying if o.nbytes >= out.nbytes), default=0)
        peak = max(peak, live)
    return peak
