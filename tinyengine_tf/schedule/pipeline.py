"""A row pipeline that grows layer by layer, and what it needs: rings, scratch, sources.

Rings. A row that is read once, unit by unit, to make a row of the next tensor need not have a place of its own: it is
put where its reader will write, as far above as the reader demands, and vanishes as it is read (a 1x1 convolution or
an addition in place). The ring of the reader's output has a pitch that covers both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tinyengine_tf.ir import Tensor
from tinyengine_tf.kernels.base import RowWindow
from tinyengine_tf.schedule.layer import Layer
from tinyengine_tf.schedule.overlap import Reading, layer_distances, pipeline_distance
from tinyengine_tf.schedule.rows import SOURCE, Order, Orders, RowLayer, unit_distance_bytes
from tinyengine_tf.schedule.schedule import Ring

ALIGN = 4


def aligned(size_bytes: int) -> int:
    return size_bytes + -size_bytes % ALIGN


@dataclass(frozen=True)
class Input:
    """An input that a layer reads by rows: who makes it (layer index, -1: none), and since when its memory lives."""

    tensor: Tensor
    origin: int
    born: int
    window: RowWindow


class Facts:
    """What pipelines need to know of one layer, found once.

    streams   whether it can be part of a pipeline
    inputs    those it reads by rows
    whole     memory it reads as a whole, and since when that lives
    apart     whether its output has memory of its own; as a part of another tensor's it can only be a pipeline's last
    distances between the output and each input, of the layer alone (see overlap.layer_distances)
    guests    inputs whose row may lie where the output's row will be: (tensor, bytes above it)
    """

    __slots__ = (
        "layer",
        "streams",
        "inputs",
        "whole",
        "born_whole",
        "apart",
        "out",
        "out_end",
        "row_bytes",
        "calls",
        "distances",
        "guests",
        "orders",
        "scratch",
        "state",
        "_rows",
    )

    def __init__(
        self,
        layer: Layer,
        streams: bool,
        inputs: tuple[Input, ...],
        whole: Mapping[Tensor, int],
        out_end: int,
        readers: Mapping[Tensor, int],
        orders: Orders,
        apart: bool = True,
    ):
        self.apart, self.orders = apart, orders
        self.layer, self.streams, self.inputs, self.whole, self.out_end = layer, streams, inputs, whole, out_end
        self.out, self.born_whole = layer.op.output, max(whole.values(), default=-1)
        self.scratch, self.state = aligned(layer.layout.scratch_bytes), aligned(layer.layout.state_bytes)
        self.distances = layer_distances(layer, orders)
        self._rows: dict[tuple[int, ...], RowLayer] = {}
        if streams:
            self.calls = layer.calls
            self.row_bytes = self.out.nbytes // self.out.shape[1]
            self.guests = self._guests(readers)

    def _guests(self, readers: Mapping[Tensor, int]) -> tuple[tuple[Tensor, int], ...]:
        layout = self.layer.layout
        if not layout.flat:
            return ()
        units = layout.flat // self.out.shape[1]
        found = []
        for i in self.inputs:
            in_row = i.tensor.nbytes // i.tensor.shape[1]
            alone = readers[i.tensor] == 1 and sum(j.tensor is i.tensor for j in self.inputs) == 1
            if alone and i.tensor.dtype.nbytes == self.out.dtype.nbytes:
                found.append((i.tensor, max(unit_distance_bytes(units, layout.hold, in_row, self.row_bytes), 0)))
        return tuple(found)

    def row_layer(self, backs: tuple[int, ...]) -> RowLayer:
        """The layer's rows, with for each input how far back its producer is in the pipeline."""
        found = self._rows.get(backs)
        if found is None:
            reads = tuple((b, i.tensor.shape[1], i.window) for b, i in zip(backs, self.inputs, strict=True))
            found = self._rows[backs] = self.orders.layer(self.calls, reads)
        return found


class Pipeline:
    """Layers from `begin` on, with rings; `append` adds the next.

    inner_end    last layer that touches an inner tensor: the pipeline can end after it
    ring_bytes, scratch_bytes, state_bytes   memory besides inputs and output
    readings     sources -> who reads them by rows
    whole        sources that are read as a whole, too
    """

    __slots__ = (
        "begin",
        "orders",
        "fed",
        "order",
        "tensors",
        "readings",
        "whole",
        "inner_end",
        "ring_bytes",
        "scratch_bytes",
        "state_bytes",
        "last",
        "_depth",
        "_pitch",
        "_cost",
        "_guest",
        "_facts",
    )

    def __init__(self, begin: int, orders: Orders, fed: Tensor | None = None, fed_end: int = -1):
        self.begin, self.orders, self.fed = begin, orders, fed
        self.order: Order | None = None
        self.tensors: list[Tensor] = []
        self.readings: dict[Tensor, list[Reading]] = {}
        self.whole: set[Tensor] = set()
        self.inner_end = -1
        self.ring_bytes = self.scratch_bytes = self.state_bytes = 0
        self.last: Facts | None = None
        self._depth: dict[Tensor, int] = {}
        self._pitch: dict[Tensor, int] = {}
        self._cost: dict[Tensor, int] = {}  # bytes that each ring has added, less what it saves by taking in a guest
        self._guest: dict[Tensor, tuple[Tensor, int]] = {}  # owner of a ring -> (guest, bytes above the owner's row)
        self._facts: list[Facts | None] = []
        if fed is not None:
            self.order = orders.of(orders.layer(fed.shape[1], ()))
            self.tensors.append(fed)
            self._facts.append(None)
            self.inner_end = fed_end

    def append(self, facts: Facts) -> bool:
        """Add the next layer; False, and unchanged, if it cannot be part of this pipeline."""
        if not facts.streams or facts.born_whole >= self.begin:
            return False
        if self.last is not None and not self.last.apart:
            return False
        size, shift = len(self.tensors), self.begin - (self.fed is not None)
        backs = []
        for i in facts.inputs:
            if i.origin >= self.begin:
                backs.append(size - (i.origin - shift))
            elif i.tensor is self.fed:
                backs.append(size)
            elif i.born >= self.begin:
                return False
            else:
                backs.append(SOURCE)
        rows = facts.row_layer(tuple(backs))
        self.order = self.order.then(rows) if self.order is not None else self.orders.of(rows)
        if self.last is not None:
            self.inner_end = max(self.inner_end, self.last.out_end)
        for index, (back, i) in enumerate(zip(backs, facts.inputs, strict=True)):
            if back == SOURCE:
                self.readings.setdefault(i.tensor, []).append((size, index))
        self.whole.update(facts.whole)
        self.tensors.append(facts.out)
        self._facts.append(facts)
        self.last = facts
        self.scratch_bytes = max(self.scratch_bytes, facts.scratch)
        self.state_bytes += facts.state
        self._make_rings(self.order.depths)
        return True

    def _make_rings(self, depths: Mapping[int, int]) -> None:
        new = [position for position, depth in depths.items() if self._depth.get(self.tensors[position]) != depth]
        if not new:
            return
        first = min(new)
        if self.tensors[first] in self._depth:
            # A tensor is read a second time: its ring may have become deeper, and guests have lost their host.
            later = [t for t in self.tensors[first:-1] if t in self._depth]
            depths = {self.tensors.index(t): self._depth[t] for t in later} | dict(depths)
            for t in later:
                self.ring_bytes -= self._cost.pop(t)
                del self._depth[t]
                self._guest.pop(t, None)
            new = [position for position in depths if position >= first]
        for position in sorted(new):
            self._make_ring(position, depths[position])

    def _make_ring(self, position: int, depth: int) -> None:
        tensor, facts = self.tensors[position], self._facts[position]
        own = pitch = tensor.nbytes // tensor.shape[1]
        saved = 0
        for guest, above in facts.guests if facts is not None else ():
            if self._depth.get(guest) == 1:
                shared = max(own, above + self._pitch[guest])
                less = aligned(depth * own) + aligned(self._pitch[guest]) - aligned(depth * shared)
                if less > saved:
                    saved, pitch, self._guest[tensor] = less, shared, (guest, above)
        self._depth[tensor], self._pitch[tensor] = depth, pitch
        self._cost[tensor] = aligned(depth * own) - saved
        self.ring_bytes += self._cost[tensor]

    def rings(self) -> dict[Tensor, Ring]:
        """Where the rows of all inner tensors lie."""
        found: dict[Tensor, Ring] = {}
        hosts = {guest: (host, above) for host, (guest, above) in self._guest.items()}
        for tensor in reversed(self.tensors[:-1]):
            depth = self._depth[tensor]
            if tensor in hosts:
                host, above = found[hosts[tensor][0]], hosts[tensor][1]
                found[tensor] = Ring(depth, host.owner, host.places, host.pitch_bytes, host.offset_bytes + above)
            else:
                found[tensor] = Ring(depth, tensor, depth, self._pitch[tensor])
        return {t: found[t] for t in self.tensors[:-1]}

    def distance(self, source: Tensor) -> int:
        """Smallest legal offset(source) - offset(output) in bytes."""
        assert self.order is not None and self.last is not None
        return pipeline_distance(self.order, self.last.layer.layout, source, self.last.out, self.readings[source])
