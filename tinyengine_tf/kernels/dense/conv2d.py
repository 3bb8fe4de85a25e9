"""CONV_2D in portable C: any geometry, one output row per call."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Layout, RowWindow, Table
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.kernels.dense.weighted import bias_table, clamp_args, requantize_tables, weights_table
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D


def conv_window(op: Conv2D | DepthwiseConv2D) -> RowWindow:
    """The rows a convolution reads; those outside the image hold the input's zero point."""
    w = op.window
    return RowWindow(w.kernel.h, w.stride.h, w.dilation.h, w.pad_top, fill=op.input.zero_point, array=True)


def touches_image(op: Conv2D | DepthwiseConv2D) -> bool:
    """Whether every window holds a column of the image. A folded PAD can be wider than the window."""
    w = op.window
    return w.pad_left < w.extent.w and (op.out_image.w - 1) * w.stride.w - w.pad_left < op.image.w


@class_kernel
class Conv2DPortable(ClassKernel):
    name = "te_conv2d_s8"
    ops = (Conv2D,)
    why = "portable C, any geometry"
    template = "dense/conv2d.c.j2"
    needs = ("requantize", "dot")

    def layout(self, op: Conv2D) -> Layout:
        return Layout((conv_window(op),))

    def tables(self, op: Conv2D) -> tuple[Table, ...]:
        return (weights_table(op), bias_table(op), *requantize_tables(op))

    def params(self, op: Conv2D, units: int) -> dict[str, Any]:
        return {
            "window": op.window,
            "in_width": op.image.w,
            "in_channels": op.input.shape[3],
            "out_width": op.out_image.w,
            "out_channels": op.out_channels,
            "group_in": op.weights.shape[3],
            "group_out": op.out_channels // op.groups,
            "groups": op.groups,
            "padded": op.window.pad_left > 0 or op.window.padding_after(op.image, op.out_image).w > 0,
        }

    def args(self, op: Conv2D) -> tuple[str, ...]:
        return (str(op.input.zero_point), *clamp_args(op))
