"""Schedule -> Problem: how long each tensor lives, and how far an output may reach into an input.

A buffer lives from the step that writes it to the last step that reads it. Graph inputs live
from the start, graph outputs to the end. Scratch memory lives for its own step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tinyengine_tf.ir import Tensor
from tinyengine_tf.kernels.base import Layout, RowWindow, row_elements, rows_of
from tinyengine_tf.memory.problem import Buffer, Overlap, Problem
from tinyengine_tf.schedule import Layer, Schedule


@dataclass(frozen=True)
class Liveness:
    """The planning problem of a schedule, and which buffer holds each owner tensor."""

    problem: Problem
    buffer_of: Mapping[Tensor, str]

    @staticmethod
    def scratch(layer: Layer) -> str:
        return f"{layer.label}.scratch"


def liveness(schedule: Schedule) -> Liveness:
    """Lifetimes in steps, half-open, and the legal overlaps of every step."""
    end = len(schedule.steps)
    names: dict[Tensor, str] = {}
    start: dict[Tensor, int] = {}
    last: dict[Tensor, int] = {}

    def live(tensor: Tensor, name: str, step: int) -> None:
        owner, _ = schedule.owner(tensor)
        if owner.const:
            return
        names.setdefault(owner, name)
        start[owner] = min(start.get(owner, step), step)
        last[owner] = max(last.get(owner, step), step)

    for i, t in enumerate(schedule.graph.inputs):
        live(t, f"input{i}", 0)
    for index, step in enumerate(schedule.steps):
        for layer in step.layers:
            for t in layer.op.data_inputs:
                live(t, "", index)
            for i, t in enumerate(layer.op.outputs):
                live(t, f"{layer.label}.out{i}" if len(layer.op.outputs) > 1 else layer.label, index)
    for t in schedule.graph.outputs:
        live(t, "", max(end - 1, 0))

    buffers = [Buffer(names[t], t.nbytes, start[t], last[t] + 1) for t in names]
    overlaps: list[Overlap] = []
    for index, step in enumerate(schedule.steps):
        for layer in step.layers:
            if layer.layout.scratch_bytes:
                buffers.append(Buffer(Liveness.scratch(layer), layer.layout.scratch_bytes, index, index + 1))
            overlaps.extend(layer_overlaps(schedule, layer, index, names, last))
    return Liveness(Problem(tuple(buffers), tuple(overlaps)), names)


def layer_overlaps(
    schedule: Schedule, layer: Layer, step: int, names: Mapping[Tensor, str], last: Mapping[Tensor, int]
) -> list[Overlap]:
    """Pairs (output over input) of a single-output layer whose input dies in this step."""
    if len(layer.op.outputs) != 1:
        return []
    out, _ = schedule.owner(layer.op.output)
    distances: dict[str, list[int | None]] = {}
    for position, t in enumerate(layer.op.data_inputs):
        owner, offset = schedule.owner(t)
        if owner is not out and not owner.const and last[owner] <= step:
            distance = overlap_distance(layer.layout, position, t, layer.op.output)
            distances.setdefault(names[owner], []).append(None if distance is None else distance - offset)
    return [Overlap(names[out], name, max(d)) for name, d in distances.items() if None not in d]  # type: ignore[type-var]


def overlap_distance(layout: Layout, position: int, source: Tensor, out: Tensor) -> int | None:
    """Smallest legal offset(source) - offset(out) in bytes when their memory overlaps; None: never legal.

    Outputs are written and inputs consumed in ascending order. When output unit t is written, everything
    below out + (t + 1) * out_unit is overwritten, so the first input unit still needed must not lie below.
    """
    if layout.distances is not None:
        return layout.distances[position]
    if layout.windows is None:
        return 0 if layout.in_place and position == 0 and source.nbytes >= out.nbytes else None
    window = layout.windows[position]
    if window is None:
        return None
    if layout.flat:
        return _flat_distance(layout.flat, layout.hold, source, out)
    if out.shape[0] != 1:
        return None
    return _row_distance(window, source, out)


def _flat_distance(units: int, hold: int, source: Tensor, out: Tensor) -> int:
    in_bytes, out_bytes = source.nbytes // units, out.nbytes // units

    def distance_at(t: int) -> int:
        first = max(t + 1 - hold, 0)
        return (t + 1) * out_bytes - first * in_bytes if first < units else -source.nbytes

    # Linear in t between these points.
    corners = (0, hold - 1, hold, units - 2, units - 1)
    return max(distance_at(min(max(t, 0), units - 1)) for t in corners)


def _row_distance(window: RowWindow, source: Tensor, out: Tensor) -> int:
    rows, in_row = rows_of(source), row_elements(source) * source.dtype.nbytes
    out_row = row_elements(out) * out.dtype.nbytes
    distance = -source.nbytes
    for y in range(rows_of(out)):
        first = max(window.first(y), 0)
        if first < rows:
            distance = max(distance, (y + 1) * out_row - first * in_row)
    return distance
