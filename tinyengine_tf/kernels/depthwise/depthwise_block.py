"""DEPTHWISE_CONV_2D in C: neighbouring outputs share the loads of weights and inputs; taps are known when compiling.

Only windows within the image are computed in place. Those that reach over its edge are first copied together, padding
included; they and what does not fill a block share one function for a single pixel.
"""

from __future__ import annotations

from typing import Any, ClassVar

from tinyengine_tf.kernels.arithmetic.short_requantize import (
    form,
    live_weights,
    reason_against,
    requantize_args,
    requantize_tables,
)
from tinyengine_tf.kernels.base import Layout, Table
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.kernels.dense.conv2d import conv_window, touches_image
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.ops.window import Window
from tinyengine_tf.target import Core

LARGEST_SIDE = 7


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


@class_kernel
class DepthwiseBlock(ClassKernel):
    name = "te_depthwise_conv2d_s8_block"
    ops = (DepthwiseConv2D,)
    why = "the window unrolled, 4 outputs share each weight"
    template = "depthwise/depthwise_block.c.j2"
    needs = ("short_requantize",)
    rank = 4
    outputs: ClassVar[int] = 4
    """At most so many at once."""

    def rejects(self, op: DepthwiseConv2D, core: Core) -> str | None:
        w = op.window
        if max(w.kernel) > LARGEST_SIDE or w.dilation.w != 1 or op.multiplier != 1:
            return f"dilated, of several outputs per channel, or larger than {LARGEST_SIDE}x{LARGEST_SIDE}"
        return reason_against(op) if touches_image(op) else "windows of padding alone"

    def has_borders(self, op: DepthwiseConv2D) -> bool:
        return inner_columns(op) != (0, op.out_image.w)

    def layout(self, op: DepthwiseConv2D) -> Layout:
        return Layout((conv_window(op),), scratch_bytes=op.weights.elements if self.has_borders(op) else 0)

    def tables(self, op: DepthwiseConv2D) -> tuple[Table, ...]:
        return (Table("weights", "int8_t", op.weights.elements, lambda: live_weights(op)), *requantize_tables(op))

    def params(self, op: DepthwiseConv2D, units: int) -> dict[str, Any]:
        first, end = inner_columns(op)
        borders, block = self.has_borders(op), min(max(end - first, 1), self.outputs)
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
            "form": form(op, called="short_requantize" not in self.needs),
        }

    def args(self, op: DepthwiseConv2D) -> tuple[str, ...]:
        return (*requantize_args(op), str(op.input.zero_point))


@class_kernel
class DepthwiseThumb1(DepthwiseBlock):
    name = "te_depthwise_conv2d_s8_thumb1"
    why = "Armv6-M: the window unrolled, 2 outputs share each weight, no long multiplication"
    needs = ("short_requantize_thumb1",)
    rank = 5
    outputs = 2

    def rejects(self, op: DepthwiseConv2D, core: Core) -> str | None:
        return super().rejects(op, core) if core.is_thumb1 else "the core is not Armv6-M"
