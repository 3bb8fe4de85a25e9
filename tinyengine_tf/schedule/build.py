"""Graph, Target, Goal -> Schedule: a kernel for every layer, then the best path of segments.

The choice is exact within the enumerated segments (consecutive layers, one layer or one row pipeline
each): smallest peak is a minimax path, least work within a budget a shortest path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tinyengine_tf.errors import DoesNotFitError, UnsupportedError, UsageError
from tinyengine_tf.ir import Graph, Tensor
from tinyengine_tf.kernels.select import select
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.ops.reshape import Reshape
from tinyengine_tf.ops.strided_copy import StridedCopy
from tinyengine_tf.schedule.layer import Layer
from tinyengine_tf.schedule.rows import cannot_stream
from tinyengine_tf.schedule.schedule import Schedule
from tinyengine_tf.schedule.segments import Lifetimes, Segment, segments
from tinyengine_tf.target import Target

OPTIMIZE = ("latency", "balanced", "ram")
FEEDS = ("frame", "rows")
BALANCED_EXTRA = 0.05
"""`balanced` spends up to this share of the work on saving memory."""


@dataclass(frozen=True)
class Goal:
    """What a schedule is chosen for.

    optimize           latency: least work, never above `in_place_peak_bytes` (and what the board has);
                       ram: least memory; balanced: least memory within BALANCED_EXTRA more work.
    ram_budget_bytes   least work within this budget instead.
    feed               "frame": the input is there as a whole; "rows": it arrives row by row.
    """

    optimize: str = "latency"
    ram_budget_bytes: int | None = None
    feed: str = "frame"

    def __post_init__(self) -> None:
        if self.optimize not in OPTIMIZE:
            raise UsageError(f"optimize is {self.optimize!r}", hint=f"one of {', '.join(OPTIMIZE)}")
        if self.feed not in FEEDS:
            raise UsageError(f"feed is {self.feed!r}", hint=f"one of {', '.join(FEEDS)}")
        if self.ram_budget_bytes is not None and self.ram_budget_bytes < 1:
            raise UsageError(f"a RAM budget of {self.ram_budget_bytes} bytes")


def choose_kernels(graph: Graph, target: Target) -> tuple[tuple[Layer, ...], Mapping[Tensor, tuple[Tensor, int]]]:
    """(layers in order, storage). Reshapes, and slices that lie densely in their input, are no layers: their
    output is another name for (a part of) their input's memory. Raises UnsupportedError naming every operator without a kernel."""
    storage: dict[Tensor, tuple[Tensor, int]] = {}
    layers: list[Layer] = []
    problems: list[str] = []
    for op in graph.ops:
        if isinstance(op, Reshape) or (isinstance(op, StridedCopy) and op.is_view):
            owner, begin = storage.get(op.input, (op.input, 0))
            inside = op.offset * op.input.dtype.nbytes if isinstance(op, StridedCopy) else 0
            storage[op.output] = (owner, begin + inside)
            continue
        try:
            choice = select(op, target)
        except UnsupportedError as error:
            problems.extend(error.problems)
            continue
        layers.append(Layer(len(layers), op, choice.kernel, choice.kernel.layout(op), choice.rejected, target.core))
    if problems:
        raise UnsupportedError(problems, where=graph.name)
    return tuple(layers), storage


def build(graph: Graph, target: Target, goal: Goal = Goal()) -> Schedule:
    """The schedule that serves `goal` best.

    Raises UnsupportedError for operators the target has no kernel for, DoesNotFitError when no
    schedule keeps the budget.
    """
    layers, storage = choose_kernels(graph, target)
    found = list(segments(graph, layers, storage, fed_input(graph, layers) if goal.feed == "rows" else None))
    path = choose_path(found, len(layers), goal, latency_limit_bytes(graph, layers, storage, target))
    return Schedule(graph, target, tuple(s.step for s in path), storage)


def fed_input(graph: Graph, layers: Sequence[Layer]) -> Tensor:
    """The graph input that can arrive row by row. Raises UsageError when there is none."""
    if len(graph.inputs) != 1:
        raise UsageError(f"rows can be fed to a model of one input, this one has {len(graph.inputs)}", where=graph.name)
    source = graph.inputs[0]
    readers = [layer for layer in layers if source in layer.op.data_inputs]
    reason = next((r for layer in readers if (r := cannot_stream(layer))), None)
    if not readers or readers[0] is not layers[0] or reason:
        raise UsageError(
            f"the input cannot be fed by rows: its first reader {reason or 'is not the first layer'}", where=graph.name,
            hint="feed whole frames",
        )
    return source


def latency_limit_bytes(
    graph: Graph, layers: Sequence[Layer], storage: Mapping[Tensor, tuple[Tensor, int]], target: Target
) -> int:
    """What `latency` may use: the largest live set with in-place depthwise and add, or the board's RAM if that is less."""
    limit = in_place_peak_bytes(graph, layers, storage)
    return limit if target.ram_bytes is None else min(limit, target.ram_bytes)


def in_place_peak_bytes(graph: Graph, layers: Sequence[Layer], storage: Mapping[Tensor, tuple[Tensor, int]]) -> int:
    """Largest sum of live tensors when depthwise convolutions of stride 1 and elementwise layers overwrite a dying input."""
    life = Lifetimes(graph, layers, storage)
    peak = sum(t.nbytes for t in graph.inputs)
    for index, layer in enumerate(layers):
        live = sum(o.nbytes for o, b in life.begin.items() if b <= index and life.end[o] >= index)
        shares = layer.layout.windows is not None and not isinstance(layer.op, Conv2D)
        out = layer.op.output
        if shares and (layer.layout.flat or isinstance(layer.op, DepthwiseConv2D)) and len(layer.op.outputs) == 1:
            dying = {life.owner(t) for t in layer.op.data_inputs if life.end[life.owner(t)] == index}
            live -= max((min(out.nbytes, o.nbytes) for o in dying if o.nbytes >= out.nbytes), default=0)
        peak = max(peak, live)
    return peak


def choose_path(found: Sequence[Segment], end: int, goal: Goal, latency_limit: int) -> tuple[Segment, ...]:
    """The path of segments from layer 0 to `end` that the goal asks for."""
    if end == 0:
        return ()
    peaks = sorted({s.peak_bytes for s in found})
    least = _smallest_peak(found, end, peaks)
    if least > peaks[-1]:
        raise UsageError("the input cannot be fed by rows: it is needed beyond the layers that run row by row", hint="feed whole frames")
    if goal.ram_budget_bytes is not None:
        if least > goal.ram_budget_bytes:
            raise DoesNotFitError(
                f"no schedule needs less than {least:,} bytes of RAM, the budget is {goal.ram_budget_bytes:,}",
                needed_bytes=least, budget_bytes=goal.ram_budget_bytes,
                hint="a larger budget, a smaller input resolution or a narrower model",
            )
        limit = goal.ram_budget_bytes
    elif goal.optimize == "ram":
        limit = least
    elif goal.optimize == "latency":
        limit = max(latency_limit, least)
    else:
        fastest = shortest_path(found, end, max(latency_limit, least))
        assert fastest is not None
        allowed = _instructions(fastest) * (1 + BALANCED_EXTRA)
        limit = next(p for p in peaks if p >= least and (q := shortest_path(found, end, p)) and _instructions(q) <= allowed)
    path = shortest_path(found, end, limit)
    assert path is not None
    return path


def _instructions(path: Iterable[Segment]) -> float:
    return sum(s.instructions for s in path)


def _smallest_peak(found: Sequence[Segment], end: int, peaks: Sequence[int]) -> int:
    """The smallest limit under which some path exists: a minimax path."""
    best = [0] + [peaks[-1] + 1] * end
    for s in sorted(found, key=lambda s: s.begin):
        best[s.end] = min(best[s.end], max(best[s.begin], s.peak_bytes))
    return best[end]


def shortest_path(found: Sequence[Segment], end: int, limit_bytes: int) -> tuple[Segment, ...] | None:
    """Fewest instructions within the limit; among equals the smaller peak, then fewer fused layers."""
    best: list[tuple[float, int, int] | None] = [(0.0, 0, 0)] + [None] * end
    via: list[Segment | None] = [None] * (end + 1)
    for s in sorted(found, key=lambda s: s.begin):
        start = best[s.begin]
        if start is None or s.peak_bytes > limit_bytes:
            continue
        cost = (start[0] + s.instructions, max(start[1], s.peak_bytes), start[2] + s.end - s.begin)
        old = best[s.end]
        if old is None or cost < old:
            best[s.end], via[s.end] = cost, s
    if best[end] is None:
        return None
    path: list[Segment] = []
    while end:
        s = via[end]
        assert s is not None
        path.append(s)
        end = s.begin
    return tuple(reversed(path))
