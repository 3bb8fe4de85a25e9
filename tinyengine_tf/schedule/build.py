"""Graph, Target, Goal -> Schedule: a kernel for every layer, then the best path of segments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tinyengine_tf.errors import UnsupportedError, UsageError
from tinyengine_tf.ir import Graph, Tensor
from tinyengine_tf.kernels.select import select
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.ops.reshape import Reshape
from tinyengine_tf.ops.strided_copy import StridedCopy
from tinyengine_tf.schedule.choose import Goal, Path, choose_path, front
from tinyengine_tf.schedule.layer import Layer
from tinyengine_tf.schedule.rows import cannot_stream
from tinyengine_tf.schedule.schedule import Schedule
from tinyengine_tf.schedule.segments import Segments
from tinyengine_tf.target import Target


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


def build(graph: Graph, target: Target, goal: Goal = Goal(), arena_bytes: Callable[[Schedule], int] | None = None) -> Schedule:
    """The schedule that serves `goal` best.

    arena_bytes   what a schedule needs once its memory is planned; None: the sum of what is alive in its busiest step.
    Raises UnsupportedError for operators the target has no kernel for, DoesNotFitError when no
    schedule keeps the budget.
    """
    space, schedule_of = _choices(graph, target, goal.feed)
    known: dict[Path, Schedule] = {}

    def schedule(path: Path) -> Schedule:
        if path not in known:
            known[path] = schedule_of(path)
        return known[path]

    measure = None if arena_bytes is None else lambda path: arena_bytes(schedule(path))
    return schedule(choose_path(space, goal, latency_limit_bytes(space, target), measure))


def build_front(graph: Graph, target: Target, feed: str = "frame") -> list[Schedule]:
    """Schedules from the fastest to the leanest, none better than another in both instructions and memory.

    Memory is the sum of what is alive in the busiest step; exact within the enumerated segments. Raises as `build`.
    """
    space, schedule_of = _choices(graph, target, feed)
    return [schedule_of(path) for path in front(space)] if space.end else [schedule_of(())]


def _choices(graph: Graph, target: Target, feed: str) -> tuple[Segments, Callable[[Path], Schedule]]:
    layers, storage = choose_kernels(graph, target)
    space = Segments(graph, layers, storage, fed_input(graph, layers) if feed == "rows" else None)
    return space, lambda path: Schedule(graph, target, tuple(s.step for s in path), storage)


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


def latency_limit_bytes(space: Segments, target: Target) -> int:
    """What `latency` may use: the largest live set with in-place depthwise and add, or the board's RAM if that is less."""
    limit = in_place_peak_bytes(space)
    return limit if target.ram_bytes is None else min(limit, target.ram_bytes)


def in_place_peak_bytes(space: Segments) -> int:
    """Largest sum of live tensors when depthwise convolutions of stride 1 and elementwise layers overwrite a dying input.

    An input that is fed by rows counts as a whole frame.
    """
    life, frame = space.life, 0 if space.fed is None else space.fed.nbytes
    peak = space.live_in[0] + frame if space.end else 0
    for index, layer in enumerate(space.layers):
        live = space.live_in[index] + sum(t.nbytes for t in layer.op.outputs)
        live += frame if frame and life.end[space.fed] >= index else 0
        shares = layer.layout.windows is not None and not isinstance(layer.op, Conv2D)
        out = layer.op.output
        if shares and (layer.layout.flat or isinstance(layer.op, DepthwiseConv2D)) and len(layer.op.outputs) == 1:
            dying = {life.owner(t) for t in layer.op.data_inputs if life.end[life.owner(t)] == index}
            live -= max((min(out.nbytes, o.nbytes) for o in dying if o.nbytes >= out.nbytes), default=0)
        peak = max(peak, live)
    return peak
