"""Predicted instructions of a layer, from a table of measured kernels.

A prediction is a sum of coefficient times feature. Features count what a kernel does from the layer's shapes alone: its
calls, blocks of pixels, groups of filters in each block, groups of inputs in each product, bytes gathered, outputs of
each kind of requantisation. How a kernel divides its work is a Division; calibration tries all and keeps the best.

`costs/CORE.json` holds, per kernel (and variant, such as "3x3s1"), the division and the coefficients;
`python -m tinyengine_tf.calibrate` measures them again. Instructions executed, not cycles: those are estimated from
documented timings where there are any (calibrate/cycles.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, singledispatch
from importlib import resources
from typing import Any

from tinyengine_tf.ir import Op
from tinyengine_tf.kernels.base import Kernel
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.ops.fully_connected import FullyConnected

Features = Mapping[str, float]

UNMEASURED: Features = {"call": 60.0, "read": 2.0, "out": 12.0, "mac": 7.0}
"""Portable C of middling speed, for kernels that nobody has measured on a core."""
UNMEASURED_COPY: Features = {"call": 60.0, "out": 4.0}
"""The same where elements are only moved."""
UNMEASURED_ROW = 60.0
"""The same for a row of a pipeline."""
SHORT = 48
"""Inputs of a product up to which kernels may unroll it."""
TWOS = 32
"""As Division.pixels: blocks of three, and of two where a single pixel would remain."""
TILED = 64
"""As Division.pixels: tiles of 2x2 pixels, two side by side (Winograd)."""


@dataclass(frozen=True)
class Division:
    """How a kernel divides its work: pixels of a block, filters and inputs of a group; what fills none is a rest."""

    pixels: int = 1
    filters: int = 1
    inputs: int = 1

    def blocks(self, units: int) -> tuple[int, int, int]:
        """(whole blocks, smaller blocks, single pixels) of `units` pixels."""
        if self.pixels != TWOS:
            return units // self.pixels, 0, units % self.pixels
        if units < 3:
            return 0, units // 2, units % 2
        twos = -units % 3
        return (units - 2 * twos) // 3, twos, 0


@dataclass(frozen=True)
class Fitted:
    """What is known of a kernel on a core; `cycles` of an instruction are an estimate (calibrate/cycles.py)."""

    division: Division
    coefficients: Features
    cycles: float | None = None

    def instructions(self, op: Op, calls: int) -> float:
        have = features(op, calls, self.division)
        return sum(weight * have.get(name, 0.0) for name, weight in self.coefficients.items())


@dataclass(frozen=True)
class CostTable:
    """All measured kernels of a core.

    row             what a row of a pipeline costs beyond its kernel
    cycles_source   where estimates of cycles come from; "": there are none for the core
    """

    kernels: Mapping[str, Fitted]
    row: float = UNMEASURED_ROW
    cycles_source: str = ""

    @property
    def is_measured(self) -> bool:
        """Whether any instruction was ever counted on the core; else predictions are one guess per kind of work."""
        return bool(self.kernels)

    def cycles_per_instruction(self, kernel: Kernel) -> float | None:
        """An estimate; of kernels that were not measured, the mean of the others."""
        known = {name: f.cycles for name, f in self.kernels.items() if f.cycles is not None}
        return known.get(kernel.name, sum(known.values()) / len(known)) if known else None

    def kernel(self, kernel: Kernel, op: Op) -> Fitted:
        known = self.kernels.get(f"{kernel.name} {op.variant}") or self.kernels.get(kernel.name)
        return known or Fitted(Division(), UNMEASURED_COPY if op.MOVES else UNMEASURED)


def features(op: Op, calls: int, division: Division = Division()) -> Features:
    """What the work of a layer is made of when its kernel is called `calls` times.

    layer   1                            call    calls of the kernel
    out     output elements              read    input elements that are looked at
    mac     multiply-accumulates         out.X   output elements that need X: sign, limit, shift (ops/narrowing.py)
    pixel   outputs' indices before the last dimension; `rest`: those of the last one that are no four, of all pixels

    Operators add counts of their own (`Op.work`), and convolutions what a kernel's Division makes of theirs.
    """
    return {"layer": 1.0, "call": float(calls), **op.work(), **divided(op, calls, division)}


@singledispatch
def divided(op: Op, calls: int, division: Division) -> Features:
    """What depends on how a kernel divides the work, for operators whose kernels differ in that."""
    return {}


@divided.register
def _of_dense(op: Conv2D | FullyConnected, calls: int, division: Division) -> Features:
    if isinstance(op, Conv2D) and division.pixels == TILED:
        return _tiled(op)
    return _dense(op, calls, division)


def _dense(op: Conv2D | FullyConnected, calls: int, division: Division) -> dict[str, float]:
    """Per block of pixels b, smaller block t, and single pixel s: 1; groups f of filters, the rest r; both times groups
    g of inputs, the rest h.

    With filters in no full group, also their group o; with inputs in no full group, also their group i. Products of few
    inputs (short) are apart: they may be unrolled.
    Gathering: bytes copied for each window, apart by whether channels come in fours; runs of rows; windows over
    edges.
    """
    channels = op.out_channels
    pixels = op.output.elements // channels
    depth = op.weights.elements // channels
    whole, smaller, singles = (calls * n for n in division.blocks(pixels // calls))
    groups, rest = divmod(depth, division.inputs)
    sets, odd = divmod(channels, division.filters)
    found = {"depth": float(pixels * depth)}
    for name, count in (("b", whole), ("t", smaller), ("s", singles)):
        if count:
            found |= {
                name: count,
                f"{name}f": count * sets,
                f"{name}r": count * odd,
                f"{name}fg": count * sets * groups,
                f"{name}rg": count * odd * groups,
                f"{name}fh": count * sets * rest,
                f"{name}rh": count * odd * rest,
                f"{name}g": count * groups,
                f"{name}h": count * rest,
                f"{name}o": count * (odd > 0),
                f"{name}og": count * (odd > 0) * groups,
            }
            if rest:
                found |= {f"{name}fi": count * sets, f"{name}oi": count * (odd > 0), f"{name}ri": count * odd}
            if depth <= SHORT:
                found |= {f"{name}f.short": count * sets, f"{name}fg.short": count * sets * groups}
    if isinstance(op, Conv2D) and not op.window.is_pointwise:
        kind = 4 if op.input.shape[3] % 4 == 0 else 1
        edges = calls * _edge_columns(op)
        found |= {
            f"gather{kind}": pixels * depth,
            f"runs{kind}": pixels * op.window.kernel.h,
            f"taps{kind}": pixels * op.window.kernel.h * op.window.kernel.w,
            f"edge{kind}": edges,
            f"edge.gather{kind}": edges * depth,
            f"edge.taps{kind}": edges * op.window.kernel.h * op.window.kernel.w,
        }
    return {name: float(value) for name, value in found.items() if value}


def _tiled(op: Conv2D) -> dict[str, float]:
    """Per two tiles b, and single tile s: 1, groups g of four inputs, pairs f of filters, and their products."""
    pairs, tiles = -(-op.out_image.h // 2), -(-op.out_image.w // 2)
    groups, filters = op.input.shape[3] / 4, op.out_channels / 2
    counts = (("b", pairs * (tiles // 2)), ("s", pairs * (tiles % 2)))
    return {
        name + of: n * times
        for name, n in counts
        if n
        for of, times in (("", 1.0), ("g", groups), ("f", filters), ("fg", filters * groups))
    }


@divided.register
def _depthwise(op: DepthwiseConv2D, calls: int, division: Division) -> Features:
    """Groups of channels of each call, columns read, and outputs: in blocks within the image, single ones, those whose
    window leaves the image; and, for kernels that make no difference, blocks of equal size over the whole row."""
    width = op.out_image.w
    channels = -(-op.out_channels // division.filters)
    edges = _edge_columns(op)
    inner = max(width - edges, 0)
    size = max(min(division.pixels, inner), 1)
    blocks = -(-width // division.pixels)
    taps = op.window.kernel.h * op.window.kernel.w
    found = {
        "channel": channels,
        "rest": op.out_channels % division.filters,
        "column": op.image.w,
        "column.channel": op.image.w * channels,
        "pixel": width,
        "pixel.channel": width * channels,
        "taps": taps * width * channels,
        "block": inner // size,
        "block.channel": inner // size * channels,
        "blocked": inner // size * size * channels,
        "single": inner % size,
        "single.channel": inner % size * channels,
        "edge": edges,
        "edge.channel": edges * channels,
        "equal": blocks,
        "equal.channel": blocks * channels,
        "equal.pixel": blocks * -(-width // blocks) * channels,
        "last.channel": width % division.pixels * channels,
        "equal.rest": blocks * (op.out_channels % division.filters > 0),
    }
    return {name: float(calls * value) for name, value in found.items()}


def _edge_columns(op: Conv2D | DepthwiseConv2D) -> int:
    """Output columns whose windows reach over the left or right edge of the image."""
    w, width = op.window, op.out_image.w
    first = min(-(-w.pad_left // w.stride.w), width)
    end = min((op.image.w + w.pad_left - w.extent.w) // w.stride.w + 1, width)
    return width - max(end - first, 0)


@lru_cache(maxsize=16)
def cost_table(core: str) -> CostTable:
    """The table of a core, empty if it was never measured."""
    path = resources.files("tinyengine_tf").joinpath("costs").joinpath(f"{core}.json")
    try:
        return table_from(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return CostTable({})


def table_from(content: Mapping[str, Any]) -> CostTable:
    """A CostTable from what calibration has written."""
    kernels = {
        name: Fitted(Division(*row["division"]), row["coefficients"], row.get("cycles"))
        for name, row in content["kernels"].items()
    }
    return CostTable(kernels, content["row"], content.get("cycles_source", ""))


def predict(core: str, kernel: Kernel, op: Op, calls: int) -> float:
    """Instructions of one layer on a core."""
    return cost_table(core).kernel(kernel, op).instructions(op, calls)
