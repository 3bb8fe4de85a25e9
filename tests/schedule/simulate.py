"""Runs a step row by row on paper, as the generated C does, and complains about every byte that is gone.

Nothing here uses the formulas of schedule/rows.py: rows are computed on demand, one after the other, in a memory
whose every byte remembers what was last written there. What is shared is the contract of kernels (Layout,
RowWindow), read literally, and where a Step says that rows lie.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinyengine_tf.ir import Tensor
from tinyengine_tf.kernels.base import RowWindow
from tinyengine_tf.schedule.layer import Layer
from tinyengine_tf.schedule.schedule import Step


class Lost(AssertionError):
    """A byte was read that is not there any more, or a row is never computed."""


class Blocked(Exception):
    """The input row that is wanted has not arrived."""


class Simulation:
    """One step. `offsets`: inputs that lie at that many bytes above the start of the output; others lie elsewhere."""

    def __init__(self, step: Step, offsets: Mapping[Tensor, int] | None = None):
        self.step = step
        self.maker = {layer.op.output: layer for layer in step.layers}
        self.done = {layer: 0 for layer in step.layers}
        self.fed = 0
        self.base = self.addresses(dict(offsets or {}))
        self.memory = np.full(self.end, -1, np.int64)
        self.first_tag = {t: i << 32 for i, t in enumerate(self.base)}
        for tensor in self.sources:
            self.write(tensor, 0, tensor.nbytes, self.base[tensor])

    def addresses(self, offsets: dict[Tensor, int]) -> dict[Tensor, int]:
        """Every tensor's address: rings and sources one after the other, the output with what overlaps it."""
        inner = self.step.rings
        read = {t for layer in self.step.layers for t in layer.op.data_inputs}
        self.sources = [t for t in dict.fromkeys(read) if t not in inner]
        out = self.step.layers[-1].op.output
        base, at = {}, 0
        for t in inner:
            if inner[t].owner is t:
                base[t] = at
                at += inner[t].places * inner[t].pitch_bytes
        for t in inner:
            base[t] = base[inner[t].owner] + inner[t].offset_bytes
        for t in self.sources:
            if t not in offsets:
                base[t] = at
                at += t.nbytes
        at += max([0, *(-d for d in offsets.values())])
        base[out] = at
        self.end = max([at + out.nbytes, *(at + d + t.nbytes for t, d in offsets.items())])
        return base | {t: at + d for t, d in offsets.items()}

    def write(self, tensor: Tensor, begin: int, end: int, address: int) -> None:
        """Bytes [begin, end) of a tensor appear at an address."""
        if address < 0 or address + end - begin > self.end:
            raise Lost(f"{tensor.name} is written outside its memory")
        self.memory[address : address + end - begin] = self.first_tag[tensor] + np.arange(begin, end)

    def check(self, layer: Layer, tensor: Tensor, begin: int, end: int, address: int) -> None:
        wanted = self.first_tag[tensor] + np.arange(begin, end)
        if not np.array_equal(self.memory[address : address + end - begin], wanted):
            raise Lost(f"{layer.label} wants bytes [{begin}, {end}) of {tensor.name}, which are not there")

    def row_address(self, tensor: Tensor, y: int) -> int:
        ring = self.step.rings.get(tensor)
        if ring is None:
            return self.base[tensor] + y * row_bytes(tensor)
        return self.base[tensor] + y % ring.places * ring.pitch_bytes

    def run(self) -> None:
        last = self.step.layers[-1]
        if self.step.fed is None:
            self.want(last, calls(last))
        else:
            for row in range(self.step.fed.shape[1]):
                size = row_bytes(self.step.fed)
                self.write(self.step.fed, row * size, (row + 1) * size, self.row_address(self.step.fed, row))
                self.fed += 1
                try:
                    self.want(last, calls(last))
                except Blocked:
                    pass
        if self.done[last] != calls(last):
            raise Lost(f"{last.label} computed {self.done[last]} of {calls(last)} rows")

    def want(self, layer: Layer, rows: int) -> None:
        """Compute a layer's rows until there are so many, what is made last being wanted first."""
        order = {t: k for k, t in enumerate(self.maker)}
        inputs = sorted((r for r in windows(layer) if r[0] in order), key=lambda r: -order[r[0]])
        while self.done[layer] < rows:
            y = self.done[layer]
            for tensor, window in inputs:
                self.want(self.maker[tensor], min(max(taps(window, y)[-1] + 1, 0), tensor.shape[1]))
            for tensor, window in windows(layer):
                if tensor is self.step.fed and self.fed < min(taps(window, y)[-1] + 1, tensor.shape[1]):
                    raise Blocked
            self.compute(layer, y)
            self.done[layer] = y + 1

    def compute(self, layer: Layer, y: int) -> None:
        """Row y: reads, writes, and, unit by unit, both at once where the layer is flat."""
        out, layout = layer.op.output, layer.layout
        self.read_rows(layer, y)
        if layout.gathers:
            if y == calls(layer) - 1:
                self.write(out, 0, out.nbytes, self.base[out])
        elif layout.flat:
            self.write_units(layer, y)
        else:
            size = row_bytes(out)
            self.scribble(self.row_address(out, y), size)
            self.read_rows(layer, y)
            self.write(out, y * size, (y + 1) * size, self.row_address(out, y))

    def scribble(self, address: int, size: int) -> None:
        """Bytes that are being written, in any order, while inputs are still read."""
        self.memory[address : address + size] = -2

    def write_units(self, layer: Layer, y: int) -> None:
        """A row of a flat layer: unit t is written while inputs from unit t + 1 - hold on are still read."""
        out, hold = layer.op.output, layer.layout.hold
        units = layer.layout.flat // out.shape[1]
        size, at = row_bytes(out) // units, self.row_address(out, y)
        for t in range(units):
            self.write(out, y * row_bytes(out) + t * size, y * row_bytes(out) + (t + 1) * size, at + t * size)
            for tensor, _ in windows(layer):
                row = row_bytes(tensor)
                skip = max(t + 1 - hold, 0) * (row // units)
                self.check(layer, tensor, y * row + skip, (y + 1) * row, self.row_address(tensor, y) + skip)

    def read_rows(self, layer: Layer, y: int) -> None:
        for tensor, window in windows(layer):
            for row in inside(window, y, tensor.shape[1]):
                size = row_bytes(tensor)
                self.check(layer, tensor, row * size, (row + 1) * size, self.row_address(tensor, row))


def calls(layer: Layer) -> int:
    return layer.op.input.shape[1] if layer.layout.gathers else layer.op.output.shape[1]


def windows(layer: Layer) -> list[tuple[Tensor, RowWindow]]:
    assert layer.layout.windows is not None
    return [(t, w) for t, w in zip(layer.op.data_inputs, layer.layout.windows, strict=True) if w is not None]


def taps(window: RowWindow, y: int) -> list[int]:
    """Rows that output row y asks for, ascending, inside the image or not."""
    first = window.starts[y] if window.starts is not None else y * window.stride - window.pad
    return [first + window.dilation * i for i in range(window.size)]


def inside(window: RowWindow, y: int, rows: int) -> list[int]:
    return [r for r in taps(window, y) if 0 <= r < rows]


def row_bytes(tensor: Tensor) -> int:
    return tensor.nbytes // tensor.shape[1]
