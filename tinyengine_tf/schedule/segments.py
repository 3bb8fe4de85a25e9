"""All ways to run consecutive layers as one step, with the memory and work each of them takes.

A segment is a range of layers in execution order: one layer, or a row pipeline whose inner tensors are
read nowhere else, or the first layers as several such pipelines, strip of columns by strip. A schedule is
a path of segments from the first layer to the last.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from tinyengine_tf.ir import Graph, Tensor
from tinyengine_tf.schedule.distance import Distance
from tinyengine_tf.schedule.layer import Layer
from tinyengine_tf.schedule.pipeline import Facts, Input, Pipeline, aligned
from tinyengine_tf.schedule.rows import Orders, cannot_stream, row_windows
from tinyengine_tf.schedule.schedule import Step
from tinyengine_tf.schedule.strips import COUNTS, Image, Strip, columnwise, strips_of


@dataclass(frozen=True, eq=False)
class Segment:
    """Layers [begin, end) as one step, or, in strips, as several.

    peak_bytes   memory alive while it runs, everything counted, before the planner rounds it up
    instructions predicted for one inference
    """

    space: Segments
    begin: int
    end: int
    fused: bool
    peak_bytes: int
    instructions: float
    strips: tuple[Strip, ...] = ()

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        return tuple(strip.step for strip in self.strips) or (self.space.step(self),)

    @property
    def storage(self) -> dict[Tensor, tuple[Tensor, int]]:
        """Where strips find the image and put their outputs: (owner of the memory, offset in bytes)."""
        parts = ((t, p) for step in self.steps for t, p in step.parts.items() if t not in step.rings)
        owners = ((t, p, *self.space.storage.get(p.whole, (p.whole, 0))) for t, p in parts)
        return {t: (owner, begin + p.offset_bytes) for t, p, owner, begin in owners}


class Lifetimes:
    """First and last layer that touch each tensor's memory; graph inputs begin at -1, outputs end at len(layers),
    and what is remembered or lies outside the arena does both."""

    def __init__(
        self,
        graph: Graph,
        layers: Sequence[Layer],
        storage: Mapping[Tensor, tuple[Tensor, int]],
        fed: Tensor | None = None,
        outside: Tensor | None = None,
    ):
        self._storage = storage
        self.begin: dict[Tensor, int] = {}
        self.end: dict[Tensor, int] = {}
        for t in graph.sources:
            self._touch(t, 0 if t is fed else -1)
        for index, layer in enumerate(layers):
            for t in (*layer.op.data_inputs, *layer.op.outputs):
                self._touch(t, index)
        lasting = (*graph.results, *(s.before for s in graph.states), *((outside,) if outside else ()))
        for t in lasting:
            self._touch(t, len(layers))

    def owner(self, tensor: Tensor) -> Tensor:
        return self._storage[tensor][0] if tensor in self._storage else tensor

    def _touch(self, tensor: Tensor, index: int) -> None:
        owner = self.owner(tensor)
        if not owner.const:
            self.begin.setdefault(owner, index)
            self.end[owner] = index


class Segments:
    """The segments of a graph. `fed`, a graph input that comes row by row, goes through a ring of the first one;
    `image`, one that stays outside the arena, is read row by row."""

    UNBOUNDED: ClassVar[int] = 1 << 62

    def __init__(
        self,
        graph: Graph,
        layers: Sequence[Layer],
        storage: Mapping[Tensor, tuple[Tensor, int]],
        fed: Tensor | None = None,
        image: Image | None = None,
        orders: Orders | None = None,
    ):
        self.orders = Orders() if orders is None else orders
        self.graph, self.layers, self.fed, self.image, self.storage = graph, layers, fed, image, storage
        self.outside = image.tensor if image is not None else None
        self.life = Lifetimes(graph, layers, storage, fed, self.outside)
        readers = Counter(t for layer in layers for t in set(layer.op.data_inputs))
        readers.update(graph.results)
        self._origin = {t: layer.index for layer in layers for t in layer.op.outputs}
        self.facts = [self._facts(layer, readers) for layer in layers]
        self.live_in = self._live_in()
        self._singles: dict[int, Segment] = {}
        self._growths: dict[int, Growth] = {}  # by first layer

    @property
    def end(self) -> int:
        return len(self.layers)

    def _facts(self, layer: Layer, readers: Mapping[Tensor, int]) -> Facts:
        life, streams = self.life, cannot_stream(layer) is None
        rows = row_windows(layer) if streams else ()
        inputs = tuple(Input(t, self._origin.get(t, -1), life.begin[life.owner(t)], w) for t, w in rows)
        by_rows = {t for t, _ in rows}
        whole = {life.owner(t): life.begin[life.owner(t)] for t in layer.op.data_inputs if t not in by_rows}
        owner = life.owner(layer.op.output)
        return Facts(layer, streams, inputs, whole, life.end[owner], readers, self.orders, owner is layer.op.output)

    def _live_in(self) -> list[int]:
        """For each layer the bytes that are alive before it and when it begins."""
        change = [0] * (self.end + 2)
        for owner, begin in self.life.begin.items():
            if owner is not self.fed and owner is not self.outside and begin < self.life.end[owner]:
                change[begin + 1] += aligned(owner.nbytes)
                change[self.life.end[owner] + 1] -= aligned(owner.nbytes)
        total, found = 0, []
        for delta in change[: self.end]:
            total += delta
            found.append(total)
        return found

    def stands_alone(self, index: int) -> bool:
        """Whether layer `index` can be a segment of its own: its input is there, and rows apart are no harm."""
        layer = self.layers[index]
        if self.fed is not None and index == 0:
            return False
        return self.outside not in layer.op.data_inputs or not layer.layout.flat

    def single(self, index: int) -> Segment:
        """Layer `index` alone, over whole tensors."""
        found = self._singles.get(index)
        if found is None:
            facts, layer = self.facts[index], self.layers[index]
            outs = self.born_bytes(layer.op.outputs, index)
            peak = (
                self.live_in[index]
                + outs
                - self._saved(facts.distances, index, index + 1, outs)
                + facts.scratch
                + facts.state
            )
            found = self._singles[index] = Segment(self, index, index + 1, False, peak, layer.instructions)
        return found

    def pipelines(self, begin: int, most_bytes: int = UNBOUNDED) -> Iterator[Segment]:
        """Row pipelines that start at layer `begin` and need at most `most_bytes`, shortest first.

        They are looked for as the caller asks for more, and kept.
        """
        growth = self._growths.get(begin)
        if growth is None:
            growth = self._growths[begin] = Growth(self, begin)
        return (s for s in growth.within(most_bytes) if s.peak_bytes <= most_bytes)

    @cached_property
    def in_strips(self) -> list[Segment]:
        """The first layers in strips, where their output is as small as any before it and all that is left of them."""
        found: list[Segment] = []
        if self.image is None:
            return found
        smallest, reach, made = Segments.UNBOUNDED, -1, {self.outside}
        for index, layer in enumerate(self.layers):
            out = layer.op.output
            if not columnwise(layer) or not made.issuperset(layer.op.data_inputs):
                break
            if reach <= index and index and out.nbytes <= smallest:
                smallest = out.nbytes
                for count in COUNTS:
                    strips = strips_of(self.image, self.layers[: index + 1], count, self.orders)
                    if strips is not None:
                        found.append(self._strips(index + 1, strips))
            made.add(out)
            reach = max(reach, self.life.end[self.life.owner(out)])
        return found

    def _strips(self, end: int, strips: tuple[Strip, ...]) -> Segment:
        outs = self.born_bytes((self.layers[end - 1].op.output,), 0)
        peak = self.live_in[0] + outs + max(strip.working_bytes for strip in strips)
        return Segment(self, 0, end, True, peak, sum(strip.step.instructions for strip in strips), strips)

    def start(self, begin: int) -> Pipeline:
        """A pipeline that has no layer yet; `begin` will be its first."""
        if begin == 0 and self.fed is not None:
            return Pipeline(begin, self.orders, self.fed, self.life.end[self.fed])
        return Pipeline(begin, self.orders)

    def _dies(self, tensor: Tensor, begin: int, end: int) -> bool:
        owner = self.life.owner(tensor)
        return self.life.begin[owner] < begin and self.life.end[owner] < end

    def born_bytes(self, outputs: Iterable[Tensor], begin: int) -> int:
        """Memory of a step's outputs that is not alive before the step, which begins at layer `begin`."""
        owners = dict.fromkeys(self.life.owner(t) for t in outputs)
        return sum(aligned(o.nbytes) for o in owners if self.life.begin[o] >= begin)

    def _saved(self, distances: Mapping[Tensor, Distance], begin: int, end: int, outs: int) -> int:
        """The most bytes that the output can share with one input that dies."""
        saved = 0
        if not outs:  # the output is a part of memory that is alive already
            return 0
        into = self.storage.get(self.layers[end - 1].op.output, (None, 0))[1]
        for t, distance in distances.items():
            if not t.const and self._dies(t, begin, end):
                owner, inner = self.storage.get(t, (t, 0))
                placed = distance.moved(into - inner)
                nearest = aligned(placed.nbytes)
                if placed.exact and nearest != placed.nbytes:
                    continue  # buffers begin at multiples of the alignment
                source = aligned(owner.nbytes)
                together = max(max(0, -nearest) + outs, max(0, nearest) + source)
                saved = max(saved, outs + source - together)
        return saved

    def fused(self, pipeline: Pipeline, end: int, base_bytes: int, instructions: float) -> Segment:
        """A pipeline that ends before layer `end`; it takes `base_bytes` besides its output."""
        outs = self.born_bytes((self.layers[end - 1].op.output,), pipeline.begin)
        saved = self._saved(self._distances(pipeline, end), pipeline.begin, end, outs)
        return Segment(self, pipeline.begin, end, True, base_bytes + outs - saved, instructions)

    def step(self, segment: Segment) -> Step:
        """What a segment stands for."""
        members = tuple(self.layers[segment.begin : segment.end])
        if not segment.fused:
            return Step(members, {}, self.facts[segment.begin].distances)
        pipeline = self.start(segment.begin)
        for facts in self.facts[segment.begin : segment.end]:
            added = pipeline.append(facts)
            assert added
        return Step(members, pipeline.rings(), self._distances(pipeline, segment.end), pipeline.fed)

    def _distances(self, pipeline: Pipeline, end: int) -> dict[Tensor, Distance]:
        """How close the output may come to each input that dies."""
        return {
            t: Distance(pipeline.distance(t))
            for t in pipeline.readings
            if self._dies(t, pipeline.begin, end) and self.life.owner(t) not in pipeline.whole
        }


class Growth:
    """The pipelines that start at one layer, grown as far as was asked for.

    Rings, scratch and state only grow, and whatever is alive at the start stays until it is read: once these exceed a
    limit, no longer pipeline keeps it.
    """

    def __init__(self, space: Segments, begin: int):
        self._space, self._begin = space, begin
        self._found: list[Segment] = []
        self._lengths = self._grow()
        self._base_bytes = next(self._lengths, None)

    def within(self, most_bytes: int) -> Iterator[Segment]:
        """The pipelines that need at most `most_bytes`, among others, shortest first."""
        for index in itertools.count():
            while index >= len(self._found):
                if self._base_bytes is None or self._base_bytes > most_bytes:
                    return
                self._base_bytes = next(self._lengths, None)
            yield self._found[index]

    def _grow(self) -> Iterator[int]:
        """Appends layer after layer. Yields what the pipeline takes besides its output, then finds it if it may end."""
        space, begin = self._space, self._begin
        pipeline, live_in, instructions = space.start(begin), space.live_in[begin], 0.0
        shortest = begin + (1 if pipeline.fed is not None else 2)
        for end in range(begin + 1, space.end + 1):
            facts = space.facts[end - 1]
            if not pipeline.append(facts):
                return
            instructions += facts.layer.instructions_by_rows
            base_bytes = live_in + pipeline.ring_bytes + pipeline.scratch_bytes + pipeline.state_bytes
            yield base_bytes
            if pipeline.inner_end >= space.end:
                return
            if end >= shortest and pipeline.inner_end < end:
                self._found.append(space.fused(pipeline, end, base_bytes, instructions))
            if facts.layer.layout.gathers:
                return  # its output exists only when all rows have gone by
