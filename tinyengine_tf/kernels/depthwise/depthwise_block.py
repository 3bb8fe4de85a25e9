"""DEPTHWISE_CONV_2D in C: neighbouring outputs share the loads of weights and inputs; taps are known when compiling.

Only windows within the image are computed in place. Those that reach over its edge are first copied together, padding
included; they and what does not fill a block share one function for a single pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tinyengine_tf.kernels.arithmetic.fast_requantize import Requantization, solve
from tinyengine_tf.kernels.arithmetic.short_requantize import form, live_weights, requantize_args, requantize_tables
from tinyengine_tf.kernels.base import Because, Code, Layout, Lowered, Table
from tinyengine_tf.kernels.dense.window import conv_window, touches_image
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.ops.window import Window

LARGEST_SIDE = 7


@dataclass(frozen=True)
class DepthwiseBlock:
    """One way to compute neighbouring outputs.

    outputs     at most so many at once
    requantize  what requantises them
    called      as a function
    """

    outputs: int
    requantize: str
    called: bool


def depthwise_block(op: DepthwiseConv2D, way: DepthwiseBlock) -> Lowered | Because:
    w = op.window
    if max(w.kernel) > LARGEST_SIDE or w.dilation.w != 1 or op.multiplier != 1:
        return Because(f"dilated, of several outputs per channel, or larger than {LARGEST_SIDE}x{LARGEST_SIDE}")
    if not touches_image(op):
        return Because("windows of padding alone")
    rq = solve(op)
    if isinstance(rq, Because):
        return rq
    inner = inner_columns(op)
    borders = inner != (0, op.out_image.w)
    weights = Table("weights", "int8_t", op.weights.elements, lambda: live_weights(op, rq))
    return Lowered(
        Code("depthwise/depthwise_block.c.j2", lambda units: _params(op, rq, way, inner), (way.requantize,)),
        Layout((conv_window(op),), scratch_bytes=op.weights.elements if borders else 0),
        (weights, *requantize_tables(rq)),
        (*requantize_args(rq), op.input.zero_point),
    )


def inner_columns(op: DepthwiseConv2D) -> tuple[int, int]:
    """Output columns, half-open, whose windows lie within the image."""
    w = op.window
    first = min(-(-w.pad_left // w.stride.w), op.out_image.w)
    end = (op.image.w + w.pad_left - w.extent.w) // w.stride.w + 1
    return first, max(min(end, op.out_image.w), first)


def products(window: Window, outputs: int) -> list[tuple[int, list[tuple[int, int]]]]:
    """Per column that a block's windows hold: (output, kernel column) of each product it takes part in."""
    found: dict[int, list[tuple[int, int]]] = {}
    for p in range(outputs):
        for j in range(window.kernel.w):
            found.setdefault(p * window.stride.w + j, []).append((p, j))
    return sorted(found.items())


def _params(op: DepthwiseConv2D, rq: Requantization, way: DepthwiseBlock, inner: tuple[int, int]) -> dict[str, Any]:
    first, end = inner
    borders, block = inner != (0, op.out_image.w), min(max(end - first, 1), way.outputs)
    return {
        "window": op.window,
        "in_width": op.image.w,
        "out_width": op.out_image.w,
        "channels": op.out_channels,
        "first_inner": first,
        "end_inner": end,
        "borders": borders,
        "block": block,
        "single": borders or (end - first) % block > 0,
        "columns": products(op.window, block),
        "single_columns": products(op.window, 1),
        "form": form(rq, way.called),
    }
