"""How far the output of a step may reach into the inputs that die there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tinyengine_tf.ir import Tensor
from tinyengine_tf.kernels.base import Layout, RowWindow
from tinyengine_tf.schedule.layer import Layer
from tinyengine_tf.schedule.rows import Order, Reading, row_distance_bytes, row_windows, unit_distance_bytes


def step_distances(layers: Sequence[Layer], order: Order | None, fed: Tensor | None = None) -> Mapping[Tensor, int]:
    """Per input of a step, the smallest legal offset(input) - offset(output) in bytes if the two overlap.

    Inputs that are missing must be disjoint from the output. `order` is given for row pipelines; its first
    layer is then the input `fed`, if there is one.
    """
    last = layers[-1]
    if len(last.op.outputs) != 1:
        return {}
    if order is None:
        return _layer_distances(last)
    out = last.op.output
    inside = {layer.op.output for layer in layers} | {fed}
    first = len(order.layers) - len(layers)
    whole = {t for layer in layers for t in layer.op.data_inputs} - {t for layer in layers for t, _ in row_windows(layer)}
    reads: dict[Tensor, list[Reading]] = {}
    for k, layer in enumerate(layers, first):
        for t, window in row_windows(layer):
            if t not in inside and t not in whole:
                reads.setdefault(t, []).append((k, window, t.shape[1]))
    if last.layout.gathers:
        return {t: _gathered_distance(order, t, out, r) for t, r in reads.items()}
    return {t: row_distance_bytes(last.layout, t, out, order, r) for t, r in reads.items()}


def _gathered_distance(order: Order, source: Tensor, out: Tensor, reads: list[Reading]) -> int:
    """An output written by the last call alone: only what others may read after that call counts."""
    others = [r for r in reads if r[0] != len(order.layers) - 1]
    oldest = order.oldest_source_rows(others)[-1] if others else source.shape[1]
    return out.nbytes - int(oldest) * (source.nbytes // source.shape[1]) if oldest < source.shape[1] else -source.nbytes


def _layer_distances(layer: Layer) -> Mapping[Tensor, int]:
    """One layer over whole tensors. An input read twice is as strict as its stricter reading."""
    found: dict[Tensor, int | None] = {}
    for position, t in enumerate(layer.op.data_inputs):
        distance = _distance(layer, position, t)
        before = found.get(t, distance)
        found[t] = None if distance is None or before is None else max(distance, before)
    return {t: d for t, d in found.items() if d is not None}


def _distance(layer: Layer, position: int, source: Tensor) -> int | None:
    layout, out = layer.layout, layer.op.output
    if layout.distances is not None:
        return layout.distances[position]
    if layout.gathers:
        return -source.nbytes
    if layout.windows is None:
        return 0 if layout.in_place and position == 0 and source.nbytes >= out.nbytes else None
    window = layout.windows[position]
    if window is None:
        return None
    if layout.flat:
        return unit_distance_bytes(layout.flat, layout.hold, source.nbytes, out.nbytes)
    return _rows_distance(layout, window, source, out)


def _rows_distance(layout: Layout, window: RowWindow, source: Tensor, out: Tensor) -> int | None:
    if out.shape[0] != 1:
        return None
    order = Order.of_one(out.shape[1])
    return row_distance_bytes(layout, source, out, order, [(0, window, source.shape[1])])
