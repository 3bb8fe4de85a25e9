"""How far the output of a step may reach into the inputs that die there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tinyengine_tf.ir import Tensor
from tinyengine_tf.kernels.base import Layout
from tinyengine_tf.schedule.distance import Distance, strictest
from tinyengine_tf.schedule.layer import Layer
from tinyengine_tf.schedule.rows import SOURCE, Order, Orders, row_distance_bytes, unit_distance_bytes

Reading = tuple[int, int]
"""Who reads a source by rows: (position of the layer in the pipeline, index among its reads)."""


def pipeline_distance(order: Order, layout: Layout, source: Tensor, out: Tensor, readings: Sequence[Reading]) -> int:
    """Smallest legal offset(source) - offset(out) in bytes for an output written row by row.

    order      ends with the layer that writes the output, whose layout is given. If it is flat and reads the source
               itself, it reads unit by unit at the pace it writes: then the row being read is given up unit by unit,
               unless another layer still wants it. If it gathers, it writes all at once when it has read all.
    """
    in_rows, out_rows = source.shape[1], out.shape[1]
    in_row, out_row = source.nbytes // in_rows, out.nbytes // out_rows
    last = order.size - 1
    others = tuple(r for r in readings if r[0] != last or not (layout.flat or layout.gathers))
    corners = order.corners(others) if others else ()
    if layout.gathers:
        still = [oldest for n, oldest in corners if n == order.layer.rows]
        return max([out.nbytes - oldest * in_row for oldest in still], default=-source.nbytes)
    distance = row_distance_bytes(corners, in_row, out_row, -source.nbytes)
    if layout.flat and len(others) < len(readings):
        inside = unit_distance_bytes(layout.flat // out_rows, layout.hold, in_row, out_row)
        growth = out_row - in_row
        distance = max(distance, inside, (out_rows - 1) * growth + inside)
        if out_rows > 1:  # and the next row is whole when a row is done
            distance = max(distance, growth, (out_rows - 1) * growth)
    return distance


def layer_distances(layer: Layer, orders: Orders | None = None) -> Mapping[Tensor, Distance]:
    """Per input of one layer over whole tensors, the legal offset(input) - offset(output).

    Inputs that are missing must be disjoint from the output. An input read twice is as strict as both readings.
    """
    if len(layer.op.outputs) != 1:
        return {}
    orders = Orders() if orders is None else orders
    readings: dict[Tensor, list[Distance | None]] = {}
    for position, t in enumerate(layer.op.data_inputs):
        readings.setdefault(t, []).append(_distance(layer, position, t, orders))
    found = {t: strictest(distances) for t, distances in readings.items()}
    return {t: d for t, d in found.items() if d is not None}


def _distance(layer: Layer, position: int, source: Tensor, orders: Orders) -> Distance | None:
    layout, out = layer.layout, layer.op.output
    if layout.distances is not None:
        claimed = layout.distances[position]
        return None if claimed is None else Distance(claimed)
    if layout.windows is None:
        return Distance(0, exact=True) if layout.in_place and position == 0 else None
    window = layout.windows[position]
    if window is None:
        return None
    if layout.gathers:
        return Distance(gathered_distance_bytes(out.shape[0], source.nbytes, out.nbytes))
    if layout.flat:
        return Distance(unit_distance_bytes(layout.flat, layout.hold, source.nbytes, out.nbytes))
    if out.shape[0] != 1:
        return None
    order = orders.of(orders.layer(out.shape[1], ((SOURCE, source.shape[1], window),)))
    return Distance(pipeline_distance(order, layout, source, out, ((0, 0),)))


def gathered_distance_bytes(images: int, in_bytes: int, out_bytes: int) -> int:
    """Smallest legal offset(source) - offset(out) for a kernel that gathers: image n's output is written when image n
    has been read, while all later images are still needed. `in_bytes` and `out_bytes` are those of all images."""
    growth = (out_bytes - in_bytes) // images
    return max((growth, (images - 1) * growth)) if images > 1 else -in_bytes
