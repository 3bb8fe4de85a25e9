"""Row pipelines: in which order fused layers compute their rows, and how many rows must be kept.

A pipeline runs on demand. Its last layer wants its rows from the first to the last; before a layer computes a row,
it wants the rows that this one reads, deepest producer first:

    want(layer, rows):
        while the layer has fewer rows:
            for each input made inside the pipeline, last made first:
                want(its layer, the rows up to the end of the window)
            compute the next row

So every row is computed when it is first needed and nothing is computed twice or in vain. The order depends on
rows and windows alone, not on widths or channels, and the same geometries recur all over a network and from one
candidate of a search to the next: an Order is a value shared by all pipelines that begin alike.

Numerically this is MCUNetV2's patch-based inference [Lin et al., NeurIPS 2021] with patches one row high and the
overlaps kept instead of recomputed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from tinyengine_tf.ir import Tensor
from tinyengine_tf.kernels.base import RowWindow
from tinyengine_tf.schedule.layer import Layer

SOURCE = 0
"""Instead of a producer, for tensors that exist before the pipeline starts."""

Read = tuple[int, int, RowWindow]
"""How a layer reads an input by rows: (its producer is that many layers before it, or SOURCE; input rows; window)."""

Corner = tuple[int, int]
"""(rows of the output that are written, oldest row of a source that is still needed then)."""

MOST_ORDERS = 200_000
"""Orders kept for later pipelines of the same geometry."""


@dataclass(frozen=True)
class RowLayer:
    """What the order of rows depends on, for one layer: its output rows (calls, if it gathers) and inputs."""

    rows: int
    reads: tuple[Read, ...]
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.rows, self.reads)))

    def __hash__(self) -> int:
        return self._hash


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
            return "reads or writes something other than one NHWC image"
    if layout.flat and any(t.shape[1] != op.output.shape[1] for t in row_wise):
        return "changes the number of rows"
    if layout.flat and layout.flat % op.output.shape[1]:
        return "has units that do not divide into rows"
    return None


def row_windows(layer: Layer) -> tuple[tuple[Tensor, RowWindow], ...]:
    """Data inputs that a layer reads row by row, with their windows."""
    assert layer.layout.windows is not None
    return tuple((t, w) for t, w in zip(layer.op.data_inputs, layer.layout.windows, strict=True) if w is not None)


def pull_order(reads: Sequence[Read]) -> list[Read]:
    """Inputs made inside the pipeline, in the order in which a layer wants them: last made first."""
    return sorted((r for r in reads if r[0] != SOURCE), key=lambda r: r[0])


class Order:
    """A pipeline's order of rows. Immutable; `then` appends a layer.

    layer    the last layer
    size     number of layers
    depths   what the last layer changed: position of a producer -> rows of it that must be kept
    """

    __slots__ = ("parent", "layer", "size", "depths", "_found_by", "_next", "_exist", "_corners")

    def __init__(self, parent: Order | None, layer: RowLayer, found_by: Orders):
        self.parent, self.layer, self._found_by = parent, layer, found_by
        self.size: int = parent.size + 1 if parent else 1
        self._next: dict[RowLayer, Order] = {}
        self._exist: dict[int, np.ndarray] = {}
        self._corners: dict[tuple[tuple[int, int], ...], tuple[Corner, ...]] = {}
        self.depths: Mapping[int, int] = self._depths()

    def then(self, layer: RowLayer) -> Order:
        """This pipeline with one more layer at its end."""
        found = self._next.get(layer)
        if found is None:
            found = self._next[layer] = Order(self, layer, self._found_by)
            self._found_by.count()
        return found

    def at(self, position: int) -> Order:
        """The pipeline up to and including the layer at `position`."""
        order = self
        while order.size > position + 1:
            assert order.parent is not None
            order = order.parent
        return order

    def all_depths(self) -> dict[int, int]:
        """Producer position -> rows that must be kept, for all inner layers."""
        found = dict(self.parent.all_depths()) if self.parent else {}
        found.update(self.depths)
        return found

    def exist(self, position: int) -> np.ndarray:
        """exist(p)[n]: rows of layer p that exist once the last layer has, or is computing, its n-th row (n = 0...)."""
        found = self._exist.get(position)
        if found is None:
            found = self._exist[position] = self._count_rows(position)
        return found

    def _count_rows(self, position: int) -> np.ndarray:
        if position == self.size - 1:
            return np.arange(self.layer.rows + 1)
        counts = np.zeros(self.layer.rows + 1, np.int64)
        for back, rows, window in self.layer.reads:
            producer = self.size - 1 - back
            if back != SOURCE and producer >= position:
                needed = rows_needed(window, self.layer.rows, rows)
                counts = np.maximum(counts, self.at(producer).exist(position)[needed])
        return counts

    def _depths(self) -> Mapping[int, int]:
        inside = [r for r in self.layer.reads if r[0] != SOURCE]
        if len(inside) > 1 or any(self._read_before(self.size - 1 - r[0]) for r in inside):
            return self._meeting_depths()
        return {self.size - 1 - back: window_depth(window, self.layer.rows, rows) for back, rows, window in inside}

    def _read_before(self, position: int) -> bool:
        order = self.parent
        while order is not None and order.size > position + 1:
            if any(order.size - 1 - back == position for back, _, _ in order.layer.reads if back != SOURCE):
                return True
            order = order.parent
        return False

    def _meeting_depths(self) -> Mapping[int, int]:
        """Branches meet in the last layer: the order of rows since they parted decides."""
        nodes: list[Order] = [self]
        start = self.size - 1
        while True:
            start = min([start, *(nodes[-1].size - 1 - back for back, _, _ in nodes[-1].layer.reads if back != SOURCE)])
            parent = nodes[-1].parent
            if parent is None:
                break
            nodes.append(parent)
            if parent.size - 1 == start:
                break  # all others hang on this one, which computes its rows on demand, whatever it reads
        layers = tuple(node.layer for node in reversed(nodes))
        first = self.size - len(layers)
        return {first + k: depth for k, depth in _simulated_depths(layers).items()}

    def corners(self, readings: tuple[tuple[int, int], ...]) -> tuple[Corner, ...]:
        """When which rows of a source may go.

        readings   who reads the source: (position of the layer, index among its `reads`)
        Returns the lower convex hull of (n, oldest row still needed while the n-th row of the output is written):
        the greatest of a * n - b * oldest, for any positive a and b, is at one of these. Empty: nothing is needed
        any more when the first row is written.
        """
        found = self._corners.get(readings)
        if found is None:
            found = self._corners[readings] = self._hull(readings)
        return found

    def _hull(self, readings: tuple[tuple[int, int], ...]) -> tuple[Corner, ...]:
        written = np.arange(1, self.layer.rows + 1)
        oldest = np.full(self.layer.rows, np.iinfo(np.int64).max)
        end = 0
        for position, index in readings:
            reader = self.at(position).layer
            _, rows, window = reader.reads[index]
            firsts = np.append(oldest_rows(window, reader.rows, rows), rows)
            future = np.minimum.accumulate(firsts[::-1])[::-1]
            # The last layer still reads its row while it writes it; others are done with theirs.
            done = written - 1 if position == self.size - 1 else self.exist(position)[written]
            oldest, end = np.minimum(oldest, future[done]), rows
        needed = oldest < end
        return tuple(lower_hull(written[needed], oldest[needed])) if needed.any() else ()


class Orders:
    """The orders that were found so far: what pipelines of one compilation, or of all candidates of a search, share.

    Whoever compiles owns one. It grows as it is asked, so two threads need two.
    """

    def __init__(self) -> None:
        self._layers: dict[tuple[int, tuple[Read, ...]], RowLayer] = {}
        self._first: dict[RowLayer, Order] = {}
        self._orders = 0

    def layer(self, rows: int, reads: tuple[Read, ...]) -> RowLayer:
        """RowLayer(rows, reads), the same object for the same arguments, so that comparing them is fast."""
        key = rows, reads
        found = self._layers.get(key)
        if found is None:
            found = self._layers[key] = RowLayer(rows, reads)
        return found

    def of(self, layer: RowLayer) -> Order:
        """The pipeline of one layer."""
        found = self._first.get(layer)
        if found is None:
            found = self._first[layer] = Order(None, layer, self)
            self.count()
        return found

    def count(self) -> None:
        """Bound the memory that remembered orders take."""
        self._orders += 1
        if self._orders > MOST_ORDERS:
            self._first.clear()
            self._layers.clear()
            self._orders = 0


@lru_cache(maxsize=65_536)
def oldest_rows(window: RowWindow, rows: int, source_rows: int) -> np.ndarray:
    """For each of `rows` output rows the first row inside the image that it reads; `source_rows` if there is none."""
    first = _first_rows(window, rows)
    inside = np.where(first < 0, first % window.dilation, first)
    return np.where(inside < np.minimum(first + window.size * window.dilation, source_rows), inside, source_rows)


@lru_cache(maxsize=65_536)
def rows_needed(window: RowWindow, rows: int, source_rows: int) -> np.ndarray:
    """needed[n]: how many rows of a source must exist for the first n output rows, n = 0..rows."""
    last = np.maximum.accumulate(_first_rows(window, rows)) + (window.size - 1) * window.dilation
    return np.append(0, np.clip(last + 1, 0, source_rows))


@lru_cache(maxsize=65_536)
def window_depth(window: RowWindow, rows: int, source_rows: int) -> int:
    """Rows of a producer that its only reader makes it keep."""
    oldest = oldest_rows(window, rows, source_rows)
    held = (rows_needed(window, rows, source_rows)[1:] - oldest)[oldest < source_rows]
    return int(held.max(initial=1))


def _first_rows(window: RowWindow, rows: int) -> np.ndarray:
    if window.starts is not None:
        return np.asarray(window.starts, np.int64)
    return np.arange(rows) * window.stride - window.pad


@lru_cache(maxsize=65_536)
def _simulated_depths(layers: tuple[RowLayer, ...]) -> dict[int, int]:
    """Depths of the rings of layers that hang together, the first one's inputs left out, by carrying the order out."""
    done = [0] * len(layers)
    reads = [
        [
            (k - back, rows_needed(w, layer.rows, n).tolist(), oldest_rows(w, layer.rows, n).tolist(), n)
            for back, n, w in pull_order(layer.reads)
        ]
        if k
        else []
        for k, layer in enumerate(layers)
    ]
    depth = {r[0]: 1 for inputs in reads for r in inputs}

    def want(k: int, rows: int) -> None:
        while done[k] < rows:
            y = done[k]
            for producer, needed, _, _ in reads[k]:
                want(producer, needed[y + 1])
            for producer, _, oldest, rows_in_all in reads[k]:
                if oldest[y] < rows_in_all:
                    depth[producer] = max(depth[producer], done[producer] - oldest[y])
            done[k] = y + 1

    want(len(layers) - 1, layers[-1].rows)
    return depth


def lower_hull(n: np.ndarray, oldest: np.ndarray) -> list[Corner]:
    """Points ascending in both coordinates -> those that maximise a * n - b * oldest for some positive a and b."""
    last = np.append(oldest[1:] != oldest[:-1], True)  # of equal ones, the largest n is best
    n, oldest = n[last], oldest[last]
    if len(n) > 2:
        across, up = np.diff(n), np.diff(oldest)
        bends = np.concatenate(([True], across[:-1] * up[1:] != across[1:] * up[:-1], [True]))
        n, oldest = n[bends], oldest[bends]
    hull: list[Corner] = []
    for point in zip(n.tolist(), oldest.tolist(), strict=True):
        while len(hull) > 1 and _not_convex(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return hull


def _not_convex(a: Corner, b: Corner, c: Corner) -> bool:
    return (b[1] - a[1]) * (c[0] - b[0]) >= (c[1] - b[1]) * (b[0] - a[0])


def row_distance_bytes(corners: Sequence[Corner], in_row: int, out_row: int, nothing: int) -> int:
    """Smallest legal offset(source) - offset(out) in bytes for whole rows; `nothing` if no row is needed any more."""
    return max([n * out_row - oldest * in_row for n, oldest in corners], default=nothing)


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
