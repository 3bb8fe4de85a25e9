"""DEPTHWISE_CONV_2D in portable C: any geometry and depth multiplier, one output row per call."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Layout, Table
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.kernels.dense.conv2d import conv_window
from tinyengine_tf.kernels.dense.weighted import bias_table, clamp_args, requantize_tables, weights_table
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D


@class_kernel
class DepthwiseConv2DPortable(ClassKernel):
    name = "te_depthwise_conv2d_s8"
    ops = (DepthwiseConv2D,)
    why = "portable C, any geometry"
    template = "depthwise/depthwise_conv2d.c.j2"
    needs = ("requantize",)

    def layout(self, op: DepthwiseConv2D) -> Layout:
        return Layout((conv_window(op),))

    def tables(self, op: DepthwiseConv2D) -> tuple[Table, ...]:
        return (weights_table(op), bias_table(op), *requantize_tables(op))

    def params(self, op: DepthwiseConv2D, units: int) -> dict[str, Any]:
        return {
            "window": op.window,
            "multiplier": op.multiplier,
            "in_width": op.image.w,
            "in_channels": op.input.shape[3],
            "out_width": op.out_image.w,
            "out_channels": op.out_channels,
            "padded": op.window.pad_left > 0 or op.window.padding_after(op.image, op.out_image).w > 0,
        }

    def args(self, op: DepthwiseConv2D) -> tuple[str, ...]:
        return (str(op.input.zero_point), *clamp_args(op))
