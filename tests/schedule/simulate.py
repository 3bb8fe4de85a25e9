"""Runs a step row by row on paper, as the generated C does, and complains about every byte that is gone.

Nothing here uses the formulas of schedule/rows.py: rows are computed one after the other whenever the rows they
read exist, rings are slots that remember whose row they hold, and the output overwrites addresses. What is shared
is the contract of kernels (Layout, RowWindow), read literally.
"""

from __future__ import annotations

from collections.abc import Mapping

from tinyengine_tf.ir import Tensor
from tinyengine_tf.kernels.base import RowWindow
from tinyengine_tf.schedule.layer import Layer
from tinyengine_tf.schedule.schedule import Step


class Lost(AssertionError):
    """A row was read that is not there, or is never computed."""


class Simulation:
    """One step. `offsets`: inputs that lie at that many bytes above the start of the output; others are elsewhere."""

    def __init__(self, step: Step, offsets: Mapping[Tensor, int] | None = None):
        self.step = step
        self.offsets = dict(offsets or {})
        self.done = {layer: 0 for layer in step.layers}
        self.fed = 0
        self.rings: dict[Tensor, list[int | None]] = {t: [None] * depth for t, depth in step.rings.items()}
        self.written = 0  # bytes of the output, ascending
        self.maker = {layer.op.output: layer for layer in step.layers}

    def run(self) -> None:
        if not self.step.fused:
            layer = self.step.layers[0]
            for y in range(self.calls(layer)):
                self.compute(layer, y)
            return
        if self.step.fed is None:
            self.turn(0)
        else:
            for row in range(self.step.fed.shape[1]):
                self.rings[self.step.fed][row % self.step.rings[self.step.fed]] = row
                self.fed += 1
                self.turn(0)
        for layer, rows in self.done.items():
            if rows != self.calls(layer):
                raise Lost(f"{layer.label} computed {rows} of {self.calls(layer)} rows")

    def turn(self, k: int) -> None:
        """Layer k takes its turns; after each of its rows, the layers inside take theirs."""
        if k == len(self.step.layers):
            return
        layer = self.step.layers[k]
        while self.done[layer] < self.calls(layer) and self.ready(layer, self.done[layer]):
            self.done[layer] += 1
            self.compute(layer, self.done[layer] - 1)
            self.turn(k + 1)

    def ready(self, layer: Layer, y: int) -> bool:
        """Whether every input has the last row of the window, or all its rows."""
        return all(
            taps(window, y)[-1] < self.exist(tensor) or self.exist(tensor) == tensor.shape[1]
            for tensor, window in windows(layer)
        )

    def exist(self, tensor: Tensor) -> int:
        """How many rows of a tensor have been computed."""
        if tensor is self.step.fed:
            return self.fed
        if tensor in self.maker and tensor in self.rings:
            return self.done[self.maker[tensor]]
        return tensor.shape[1]

    def calls(self, layer: Layer) -> int:
        return layer.op.input.shape[1] if layer.layout.gathers else layer.op.output.shape[1]

    def compute(self, layer: Layer, y: int) -> None:
        """Row y: reads, writes, and, unit by unit, both at once where the layer is flat."""
        out, layout = layer.op.output, layer.layout
        for tensor, window in windows(layer):
            for row in inside(window, y, tensor.shape[1]):
                self.read(layer, tensor, row)
        if out in self.rings:
            self.rings[out][y % self.step.rings[out]] = y
        elif layout.gathers:
            self.written = out.nbytes if y == self.calls(layer) - 1 else 0
        elif layout.flat:
            self.write_units(layer, y)
        else:
            self.written = (y + 1) * row_bytes(out)
            for tensor, window in windows(layer):
                for row in inside(window, y, tensor.shape[1]):
                    self.read(layer, tensor, row)

    def write_units(self, layer: Layer, y: int) -> None:
        """A row of a flat layer: unit t is written while inputs from unit t + 1 - hold on are still read."""
        out, hold = layer.op.output, layer.layout.hold
        units = layer.layout.flat // out.shape[1]
        for t in range(units):
            self.written = y * row_bytes(out) + (t + 1) * (row_bytes(out) // units)
            for tensor, _ in windows(layer):
                if tensor not in self.rings:
                    unit = row_bytes(tensor) // units
                    first = max(t + 1 - hold, 0)
                    self.intact(layer, tensor, y * row_bytes(tensor) + first * unit, (y + 1) * row_bytes(tensor))

    def read(self, layer: Layer, tensor: Tensor, row: int) -> None:
        if tensor in self.rings:
            held = self.rings[tensor][row % self.step.rings[tensor]]
            if held != row:
                raise Lost(f"{layer.label} wants row {row} of {tensor.name}, its place holds row {held}")
        else:
            self.intact(layer, tensor, row * row_bytes(tensor), (row + 1) * row_bytes(tensor))

    def intact(self, layer: Layer, tensor: Tensor, begin: int, end: int) -> None:
        """Bytes [begin, end) of an input have not been overwritten by the output."""
        if tensor in self.offsets:
            at = self.offsets[tensor]
            if max(at + begin, 0) < min(at + end, self.written):
                raise Lost(f"{layer.label} wants bytes [{begin}, {end}) of {tensor.name}, overwritten up to {self.written - at}")


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
