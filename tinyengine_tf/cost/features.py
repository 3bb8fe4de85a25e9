"""What the work of a layer is made of: counts that follow from its shapes, for a kernel that divides it in some way."""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch

from tinyengine_tf.cost.division import TILED, UNDIVIDED, Division
from tinyengine_tf.ir import Op
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.ops.fully_connected import FullyConnected

Features = Mapping[str, float]

SHORT = 48
"""Inputs of a product up to which kernels may unroll it."""


def features(op: Op, calls: int, division: Division = UNDIVIDED) -> Features:
    """What the work of a layer is made of when its kernel is called `calls` times.

    layer   1                                call      calls of the kernel
    out     output elements                  read      input elements that are looked at
    mac     multiply-accumulates             out.X     output elements that need X: sign, limit, shift, a type
    pixel   indices before the last dimension; `rest`: those of the last one that are no four, of all pixels
    turn    times that inner loops are begun operand   elements read of operands, repeated ones each time
    real    floats among them                scaled    what is requantised
    row     vectors that become one value    run.X, moved.X, fill.X    what is moved (ops/runs.py)

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
