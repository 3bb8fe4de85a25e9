"""Runs a planned schedule on paper, byte by byte, and complains about every byte that is gone when it is read.

Each byte of memory remembers which byte of which tensor was last written there. Layers read and write in the order of
the generated C, by what their kernels say of themselves (Layout, RowWindow), read literally. Lifetimes, distances, ring
depths and the planner are not asked: a mistake of theirs is found here, because something is lost.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tinyengine_tf.errors import BadPlan
from tinyengine_tf.ir import Tensor
from tinyengine_tf.kernels.base import RowWindow
from tinyengine_tf.memory.arena import ArenaPlan
from tinyengine_tf.schedule import Layer, Step

LOST = -1
"""The tag of bytes that hold nothing that may be read."""


class Blocked(Exception):
    """An input row that is wanted has not arrived yet."""


def replay(arena: ArenaPlan) -> None:
    """Raise BadPlan, naming the layer and the tensor, unless every layer reads what it should."""
    _Replay(arena).run()


class _Replay:
    """Memory: for each byte the tag of what it holds less its address, one number for neighbours of one tensor.

    All shares lie one after the other, behind them what is outside the arena.
    """

    def __init__(self, arena: ArenaPlan):
        self.arena, self.schedule = arena, arena.schedule
        self.base, end = {}, 0
        for share in arena.shares:
            self.base[share], end = end, end + share.plan.peak_bytes
        self.image_at = end
        image = self.schedule.image
        self.memory = np.full(end + (image.nbytes if image is not None else 0), LOST, np.int64)
        self.next_tag = 1 << 40  # above all addresses, so that no difference is LOST
        self.tags: dict[object, int] = {}

    def tag(self, what: object, nbytes: int) -> int:
        """The tag of the first byte of a tensor, or of a layer's state."""
        if what not in self.tags:
            self.tags[what], self.next_tag = self.next_tag, self.next_tag + nbytes
        return self.tags[what]

    def run(self) -> None:
        graph = self.schedule.graph
        for t in (*graph.inputs, *(s.before for s in graph.states)):
            if t is not self.schedule.fed:
                self.write(Step(()), t)
        for step in self.schedule.steps:
            _StepReplay(self, step).run()
        for t in graph.results:
            if not self.schedule.owner(t)[0].const:
                self.check(Step(()), "the caller", t)

    def address(self, t: Tensor) -> int:
        if self.schedule.outside(t):
            return self.image_at + self.schedule.owner(t)[1]
        return self.base[self.arena.share(t)] + self.arena.offset(t)

    def identity(self, step: Step, t: Tensor) -> int:
        """The tag of a tensor's first byte; other names of the same bytes have the same."""
        if t in step.parts:
            return self.identity(step, step.parts[t].whole) + step.parts[t].offset_bytes
        owner, offset = (t, 0) if t in step.rings else self.schedule.owner(t)
        return self.tag(owner, owner.nbytes) + offset

    def write(self, step: Step, t: Tensor) -> None:
        self.put(self.address(t), t.nbytes, self.identity(step, t))

    def check(self, step: Step, reader: str, t: Tensor) -> None:
        self.expect(self.address(t), t.nbytes, self.identity(step, t), reader, t)

    def put(self, address: int, nbytes: int, tag: int) -> None:
        self.memory[address : address + nbytes] = tag - address

    def lose(self, address: int, nbytes: int) -> None:
        self.memory[address : address + nbytes] = LOST

    def expect(self, address: int, nbytes: int, tag: int, reader: str, what: object) -> None:
        gone = self.memory[address : address + nbytes] != tag - address
        if gone.any():
            first = address + int(gone.argmax())
            raise BadPlan(f"{reader} wants {what}, whose byte at {first} has been overwritten", where="replayed plan")


class _StepReplay:
    """One step: `done` counts the calls of each of its layers."""

    def __init__(self, whole: _Replay, step: Step):
        self.whole, self.step = whole, step
        self.maker = {layer.op.output: layer for layer in step.layers} if step.fused else {}
        self.position = {layer: k for k, layer in enumerate(step.layers)}
        self.done = dict.fromkeys(step.layers, 0)
        self.fed = 0

    def run(self) -> None:
        last = self.step.layers[-1]
        if self.step.fed is not None:
            for row in range(self.step.fed.shape[1]):
                self.write_row(self.step.fed, row)
                self.fed += 1
                try:
                    self.want(last, last.calls)
                except Blocked:
                    continue
        elif self.step.fused:
            self.want(last, last.calls)
        elif last.layout.windows is not None and not last.layout.flat:
            for call in range(last.op.output.shape[0] * last.calls):
                self.call(last, call)
        else:
            self.at_once(last)

    def want(self, layer: Layer, rows: int) -> None:
        """Compute a layer's rows until there are so many, what is made last being wanted first."""
        made = [(maker, t, w) for t, w in windows(layer) if (maker := self.made(t)) is not None]
        made.sort(key=lambda found: -self.position[found[0]])
        while self.done[layer] < rows:
            y = self.done[layer]
            for maker, t, window in made:
                self.want(maker, min(max(window.last(y) + 1, 0), t.shape[1]))
            for t, window in windows(layer):
                if t is self.step.fed and self.fed < min(window.last(y) + 1, t.shape[1]):
                    raise Blocked
            self.call(layer, y)
            self.done[layer] = y + 1

    def made(self, t: Tensor) -> Layer | None:
        return self.maker.get(self.step.parts[t].whole if t in self.step.parts else t)

    def call(self, layer: Layer, call: int) -> None:
        """One call of a row kernel: reads, then writes, both in any order unless the kernel says otherwise."""
        layout, out = layer.layout, layer.op.output
        image, y = divmod(call, layer.calls)
        read = [(t, image * t.shape[1] + row) for t, w in windows(layer) for row in rows(w, y, t.shape[1])]
        for t, row in read:
            address, nbytes = self.row(t, row)
            self.whole.expect(address, nbytes, self.row_tag(t, row), layer.label, t)
        taken = [(*self.row(t, row), t) for t, row in read]
        taken += [(self.whole.address(t), t.nbytes, t) for t in self.whole_inputs(layer)]
        self.work(layer, y == 0)
        if layout.gathers:
            if y == layer.calls - 1:
                size = out.nbytes // out.shape[0]
                address = self.whole.address(out) + image * size
                self.whole.put(address, size, self.whole.identity(self.step, out) + image * size)
            return
        address, size = self.row(out, call)
        for begin, nbytes, t in taken:
            if not layout.flat:
                self.apart(layer, t, begin, nbytes, address, size)
            else:
                self.by_units(layer, t, begin, nbytes, address, size, layout.flat // out.shape[1])
        self.write_row(out, call)

    def at_once(self, layer: Layer) -> None:
        """A kernel that is called once."""
        whole, op, layout = self.whole, layer.op, layer.layout
        for t in op.data_inputs:
            whole.check(self.step, layer.label, t)
        self.work(layer, True)
        for position, t in enumerate(op.data_inputs):
            for out in op.outputs:
                places = (whole.address(t), t.nbytes, whole.address(out), out.nbytes)
                if whole.schedule.owner(t)[0] is whole.schedule.owner(out)[0] and whole.address(t) == places[2]:
                    continue  # what is remembered is replaced where it lies
                distance = layout.distances[position] if layout.distances is not None else None
                if distance is not None and places[0] - places[2] >= distance:
                    continue
                if layout.distances is None and layout.windows is not None and layout.windows[position] is not None:
                    self.by_units(layer, t, *places, layout.flat)
                elif not (layout.in_place and position == 0 and places[0] == places[2]):
                    self.apart(layer, t, *places)
        for out in op.outputs:
            whole.write(self.step, out)

    def work(self, layer: Layer, first: bool) -> None:
        """Scratch memory is lost in every call; a state is there from the first to the last."""
        whole, arena, layout = self.whole, self.whole.arena, layer.layout
        if layout.scratch_bytes:
            share, offset = arena.scratch(self.step)
            whole.lose(whole.base[share] + offset, layout.scratch_bytes)
        if layout.state_bytes:
            share, offset = arena.state(layer)
            state = (whole.base[share] + offset, layout.state_bytes, whole.tag(layer, layout.state_bytes))
            if first:
                whole.put(*state)
            whole.expect(*state, layer.label, "its state")

    def apart(self, layer: Layer, t: Tensor, begin: int, nbytes: int, address: int, size: int) -> None:
        if begin < address + size and address < begin + nbytes:
            raise BadPlan(
                f"{layer.label} writes [{address}, {address + size}) while it reads {t} there", where="replay"
            )

    def by_units(self, layer: Layer, t: Tensor, begin: int, nbytes: int, address: int, size: int, units: int) -> None:
        """When unit w is written, units from w + 1 - hold on are still read."""
        byte = np.arange(max(address - begin, 0), max(min(nbytes, address + size - begin), 0))
        unit, written = byte // (nbytes // units), (begin + byte - address) // (size // units)
        if (unit >= written + 1 - layer.layout.hold).any():
            raise BadPlan(f"{layer.label} overwrites units of {t} that it has yet to read", where="replayed plan")

    def whole_inputs(self, layer: Layer) -> list[Tensor]:
        """Inputs that a row kernel reads as a whole, checked to be there."""
        assert layer.layout.windows is not None
        found = [t for t, w in zip(layer.op.data_inputs, layer.layout.windows, strict=True) if w is None]
        for t in found:
            self.whole.check(self.step, layer.label, t)
        return found

    def row(self, t: Tensor, row: int) -> tuple[int, int]:
        """(address, bytes) of a row, counted through all images."""
        ring, pitch = self.step.rings.get(t), row_bytes(self.step.parts[t].whole if t in self.step.parts else t)
        at = row * pitch if ring is None else row % ring.places * ring.pitch_bytes
        return self.whole.address(t) + at, row_bytes(t)

    def row_tag(self, t: Tensor, row: int) -> int:
        pitch = row_bytes(self.step.parts[t].whole if t in self.step.parts else t)
        return self.whole.identity(self.step, t) + row * pitch

    def write_row(self, t: Tensor, row: int) -> None:
        self.whole.put(*self.row(t, row), self.row_tag(t, row))


def windows(layer: Layer) -> list[tuple[Tensor, RowWindow]]:
    assert layer.layout.windows is not None
    return [(t, w) for t, w in zip(layer.op.data_inputs, layer.layout.windows, strict=True) if w is not None]


def rows(window: RowWindow, y: int, count: int) -> Iterator[int]:
    """Rows of one image that output row y reads."""
    return (r for r in range(window.first(y), window.last(y) + 1, window.dilation) if 0 <= r < count)


def row_bytes(t: Tensor) -> int:
    return t.nbytes // (t.shape[0] * t.shape[1])
