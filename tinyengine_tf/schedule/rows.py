"""Row pipelines: in which order fused layers compute their rows, and how many rows must be kept.

Layers 0..m-1 of a pipeline run as nested loops, each inside the one before:

    while layer 0 has rows left:
        compute its next row
        while layer 1 has rows left and all rows that its next one reads exist:
            compute its next row
            while layer 2 ...

so every row is consumed as soon as it can be, and nothing is computed twice. The state at any moment
follows from the innermost counter alone: `trigger[k][y]` is the number of rows that layer k-1 has
when layer k computes row y. From it come, exactly and without simulation, the depth of every ring
and how far the output may reach into an input that dies here.

Numerically this is MCUNetV2's patch-based inference [Lin et al., NeurIPS 2021] with patches one row
high and the overlaps kept instead of recomputed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tinyengine_tf.ir import Tensor
from tinyengine_tf.kernels.base import Layout, RowWindow
from tinyengine_tf.schedule.layer import Layer

Reading = tuple[int, RowWindow, int]
"""How a layer of a pipeline reads a source: (layer index, window, rows of the source)."""

SOURCE = -1
"""Producer index of tensors that exist before the pipeline starts."""


@dataclass(frozen=True)
class RowLayer:
    """What the order of rows depends on, for one layer.

    rows      output rows (calls, if the layer gathers)
    reads     per row-wise data input: (producer: index in the pipeline or SOURCE, input rows, window)
    """

    rows: int
    reads: tuple[tuple[int, int, RowWindow], ...]


def cannot_stream(layer: Layer) -> str | None:
    """Why a layer cannot be part of a row pipeline, or None."""
    layout, op = layer.layout, layer.op
    if layout.windows is None:
        return "needs whole tensors"
    if len(op.outputs) != 1:
        return "has several outputs"
    row_wise = [t for t, w in zip(op.data_inputs, layout.windows, strict=True) if w is not None]
    for t in (*row_wise, op.output):
        if len(t.shape) != 4 or t.shape[0] != 1:
            return "not a single NHWC image"
    if layout.flat and any(t.shape[1] != op.output.shape[1] for t in row_wise):
        return "changes the number of rows"
    if layout.flat and layout.flat % op.output.shape[1]:
        return "its units do not divide into rows"
    return None


class Order:
    """The order of rows of a growing pipeline: append layers, ask for ring depths and distances."""

    def __init__(self) -> None:
        self.layers: list[RowLayer] = []
        self.trigger: list[np.ndarray] = []

    @classmethod
    def of_one(cls, rows: int) -> Order:
        """A single layer of that many output rows, reading nothing inside the pipeline."""
        order = cls()
        order.append(RowLayer(rows, ()))
        return order

    def append(self, layer: RowLayer) -> bool:
        """Add a layer at the inner end. False (and unchanged) if some of its rows would never be computed."""
        trigger = self._trigger_of(layer)
        if trigger is None:
            return False
        self.layers.append(layer)
        self.trigger.append(trigger)
        return True

    def _trigger_of(self, layer: RowLayer) -> np.ndarray | None:
        last = len(self.layers) - 1
        trigger = np.ones(layer.rows, np.int64)
        for producer, rows, window in layer.reads:
            if producer == SOURCE:
                continue
            needed = np.minimum(_last_rows(window, layer.rows), rows - 1)
            for k in range(producer + 1, last + 1):
                # The first row that layer k computes once its predecessor has more than `needed` rows.
                needed = np.searchsorted(self.trigger[k], needed, side="right")
                if needed[-1] >= self.layers[k].rows:
                    return None
            trigger = np.maximum(trigger, needed + 1)
        return np.maximum.accumulate(trigger)

    def counts(self, k: int) -> list[np.ndarray]:
        """counts[j][y] for j < k: rows that layer j has when layer k computes its row y."""
        found = [np.zeros(0, np.int64)] * k
        current = self.trigger[k]
        for j in range(k - 1, -1, -1):
            found[j] = current
            if j:
                current = self.trigger[j][current - 1]
        return found

    def ring_rows_for(self, producer: int, reader: int) -> int:
        """Rows of layer `producer` that must be kept for layer `reader`."""
        newest = self.counts(reader)[producer] - 1
        layer = self.layers[reader]
        depth = 1
        for p, _, window in layer.reads:
            if p == producer:
                oldest = _oldest_rows(window, layer.rows, self.layers[producer].rows)
                depth = max(depth, int((newest - oldest).max()) + 1)
        return min(depth, self.layers[producer].rows)

    def oldest_source_rows(self, reads: Sequence[Reading]) -> np.ndarray:
        """For each row y of the last layer, the oldest row of a source that is still needed while y is written.

        Rows that the last layer itself reads for y count as needed. The number of rows means that none is.
        """
        last = len(self.layers) - 1
        counts = self.counts(last)
        out_rows = self.layers[last].rows
        oldest = np.full(out_rows, np.iinfo(np.int64).max)
        for k, window, rows in reads:
            firsts = np.append(_oldest_rows(window, self.layers[k].rows, rows), rows)
            future = np.minimum.accumulate(firsts[::-1])[::-1]
            done = np.arange(out_rows) if k == last else counts[k]
            oldest = np.minimum(oldest, future[done])
        return oldest


@lru_cache(maxsize=4096)
def _first_rows(window: RowWindow, rows: int) -> np.ndarray:
    if window.starts is not None:
        return np.asarray(window.starts, np.int64)
    return np.arange(rows) * window.stride - window.pad


def _oldest_rows(window: RowWindow, rows: int, source_rows: int) -> np.ndarray:
    """The first row inside the image that each output row reads; `source_rows` where there is none."""
    first = _first_rows(window, rows)
    inside = np.where(first < 0, first % window.dilation, first)
    return np.where(inside < np.minimum(first + window.size * window.dilation, source_rows), inside, source_rows)


def _last_rows(window: RowWindow, rows: int) -> np.ndarray:
    return np.maximum(_first_rows(window, rows) + (window.size - 1) * window.dilation, 0)


def row_windows(layer: Layer) -> tuple[tuple[Tensor, RowWindow], ...]:
    """Data inputs that a layer reads row by row, with their windows."""
    assert layer.layout.windows is not None
    return tuple((t, w) for t, w in zip(layer.op.data_inputs, layer.layout.windows, strict=True) if w is not None)


def row_distance_bytes(layout: Layout, source: Tensor, out: Tensor, order: Order, reads: Sequence[Reading]) -> int:
    """Smallest legal offset(source) - offset(out) for an output written row by row, in bytes.

    order   ends with the layer that writes the output, whose layout is given
    reads   all readings of the source. Where the last layer reads it itself and is flat, it reads unit by unit at the
            pace it writes; then the row being read is given up unit by unit, unless another layer still wants it.
    """
    in_rows, out_rows = source.shape[1], out.shape[1]
    in_row, out_row = source.nbytes // in_rows, out.nbytes // out_rows
    y = np.arange(out_rows)
    direct = [r for r in reads if layout.flat and r[0] == len(order.layers) - 1]
    others = [r for r in reads if r not in direct]
    distance = -source.nbytes
    if others:
        oldest = order.oldest_source_rows(others)
        gaps = (y + 1) * out_row - oldest * in_row
        distance = max([distance, *gaps[oldest < in_rows].tolist()])
    if direct:
        inside = unit_distance_bytes(layout.flat // out_rows, layout.hold, in_row, out_row)
        growth = out_row - in_row
        distance = max(distance, inside, (out_rows - 1) * growth + inside)
        if out_rows > 1:  # and the next row is whole when a row is done
            distance = max(distance, growth, (out_rows - 1) * growth)
    return distance


def unit_distance_bytes(units: int, hold: int, in_bytes: int, out_bytes: int) -> int:
    """The same for a flat kernel over `units` units that reads in_bytes and writes out_bytes in all.

    When unit t is written, everything below out + (t + 1) * out_unit is gone; the input is needed from
    unit t + 1 - hold on. Linear in t between the corners.
    """
    in_unit, out_unit = in_bytes // units, out_bytes // units

    def at(t: int) -> int:
        first = max(t + 1 - hold, 0)
        return (t + 1) * out_unit - first * in_unit if first < units else -in_bytes

    return max(at(min(max(t, 0), units - 1)) for t in (0, hold - 1, hold, units - 2, units - 1))
