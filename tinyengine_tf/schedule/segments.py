"""All ways to run consecutive layers as one step, with the memory and work each of them takes.

A segment is a range of layers in execution order: one layer, or a row pipeline whose inner tensors are
read nowhere else. A schedule is a path of segments from the first layer to the last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tinyengine_tf.ir import Graph, Tensor
from tinyengine_tf.schedule.layer import Layer
from tinyengine_tf.schedule.overlap import step_distances
from tinyengine_tf.schedule.rows import SOURCE, Order, RowLayer, cannot_stream, row_windows
from tinyengine_tf.schedule.schedule import Step

@dataclass(frozen=True, eq=False)
class Segment:
    """Layers [begin, end) as one step.

    peak_bytes   memory alive while it runs, everything counted, before the planner rounds it up
    instructions predicted for one inference
    """

    begin: int
    end: int
    step: Step
    peak_bytes: int
    instructions: float


class Lifetimes:
    """First and last layer that touch each tensor's memory; graph inputs begin at -1, outputs end at len(layers)."""

    def __init__(
        self, graph: Graph, layers: Sequence[Layer], storage: Mapping[Tensor, tuple[Tensor, int]], fed: Tensor | None = None
    ):
        self._storage = storage
        self.begin: dict[Tensor, int] = {}
        self.end: dict[Tensor, int] = {}
        for t in graph.inputs:
            self._touch(t, 0 if t is fed else -1)
        for index, layer in enumerate(layers):
            for t in (*layer.op.data_inputs, *layer.op.outputs):
                self._touch(t, index)
        for t in graph.outputs:
            self._touch(t, len(layers))

    def owner(self, tensor: Tensor) -> Tensor:
        return self._storage.get(tensor, (tensor, 0))[0]

    def _touch(self, tensor: Tensor, index: int) -> None:
        owner = self.owner(tensor)
        if not owner.const:
            self.begin.setdefault(owner, index)
            self.end[owner] = index


def segments(
    graph: Graph, layers: Sequence[Layer], storage: Mapping[Tensor, tuple[Tensor, int]], fed: Tensor | None = None
) -> Iterator[Segment]:
    """Every segment. With `fed`, a graph input that comes row by row, the first segment takes it through a ring."""
    life = Lifetimes(graph, layers, storage, fed)
    streams = [cannot_stream(layer) is None for layer in layers]
    for begin, layer in enumerate(layers):
        feed = fed if begin == 0 else None
        if feed is None:
            step = Step((layer,), {}, step_distances((layer,), None))
            yield _segment(life, begin, begin + 1, step)
        if streams[begin]:
            yield from _pipelines(life, layers, streams, begin, feed)


def _pipelines(
    life: Lifetimes, layers: Sequence[Layer], streams: Sequence[bool], begin: int, fed: Tensor | None
) -> Iterator[Segment]:
    """All row pipelines that start at layer `begin`, shortest first."""
    order = Order()
    producer: dict[Tensor, int] = {}
    rings: dict[Tensor, int] = {}
    if fed is not None:
        order.append(RowLayer(fed.shape[1], ()))
        producer[fed] = 0
    for index in range(begin, len(layers)):
        layer = layers[index]
        if not streams[index] or any(
            t not in producer and life.begin[life.owner(t)] >= begin for t in layer.op.data_inputs
        ):
            return
        windows = row_windows(layer)
        if any(t in producer for t in set(layer.op.data_inputs) - {t for t, _ in windows}):
            return
        reads = tuple((producer.get(t, SOURCE), t.shape[1], window) for t, window in windows)
        if not order.append(RowLayer(layer.calls, reads)):
            return
        for t, _ in windows:
            if t in producer:
                rings[t] = max(rings.get(t, 1), order.ring_rows_for(producer[t], len(order.layers) - 1))
        producer[layer.op.output] = len(order.layers) - 1
        if (index > begin or fed is not None) and _closed(life, layers, begin, index + 1, fed):
            members = tuple(layers[begin : index + 1])
            step = Step(members, dict(rings), step_distances(members, order, fed), fed)
            yield _segment(life, begin, index + 1, step)
        if layer.layout.gathers:
            return  # its output exists only when all rows have gone by


def _closed(life: Lifetimes, layers: Sequence[Layer], begin: int, end: int, fed: Tensor | None) -> bool:
    """Whether only the last layer's output is needed beyond the segment."""
    inner = [layer.op.output for layer in layers[begin : end - 1]] + ([fed] if fed is not None else [])
    return all(life.end[life.owner(t)] < end for t in inner)


def _segment(life: Lifetimes, begin: int, end: int, step: Step) -> Segment:
    inside = {life.owner(t) for layer in step.layers for t in layer.op.outputs} | {step.fed}
    held, dying = 0, {}
    for owner, first in life.begin.items():
        if first < begin and life.end[owner] >= begin and owner not in inside:
            if life.end[owner] >= end:
                held += owner.nbytes
            else:
                dying[owner] = owner.nbytes
    outs = sum(t.nbytes for t in step.outputs)
    saved = 0
    for t, distance in step.distances.items():
        owner = life.owner(t)
        if owner in dying:
            together = max(max(0, -distance) + outs, max(0, distance) + owner.nbytes)
            saved = max(saved, outs + owner.nbytes - together)
    rings = sum(-(-step.ring_bytes(t) // 4) * 4 for t in step.rings)
    peak = held + sum(dying.values()) + outs - saved + rings + step.scratch_bytes + sum(layer.layout.state_bytes for layer in step.layers)
    return Segment(begin, end, step, peak, step.instructions)
