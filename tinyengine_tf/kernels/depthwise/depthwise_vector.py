"""DEPTHWISE_CONV_2D for the host: short loops over neighbouring channels, which compilers vectorise."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.arithmetic.short_requantize import (
    form,
    live_weights,
    reason_against,
    requantize_args,
    requantize_tables,
)
from tinyengine_tf.kernels.base import Layout, Table
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.kernels.dense.conv2d import conv_window
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.target import Core

LANES = 16


@class_kernel
class DepthwiseVector(ClassKernel):
    name = "te_depthwise_conv2d_s8_vector"
    ops = (DepthwiseConv2D,)
    why = "sums of 16 channels side by side, for vectorising compilers"
    template = "depthwise/depthwise_vector.c.j2"
    needs = ("short_requantize",)
    rank = 6

    def rejects(self, op: DepthwiseConv2D, core: Core) -> str | None:
        if not core.is_host:
            return "the core has no vector registers that compilers use"
        return "several outputs per channel" if op.multiplier != 1 else reason_against(op)

    def layout(self, op: DepthwiseConv2D) -> Layout:
        return Layout((conv_window(op),))

    def tables(self, op: DepthwiseConv2D) -> tuple[Table, ...]:
        return (Table("weights", "int8_t", op.weights.elements, lambda: live_weights(op).T), *requantize_tables(op))

    def params(self, op: DepthwiseConv2D, units: int) -> dict[str, Any]:
        return {
            "window": op.window,
            "in_width": op.image.w,
            "out_width": op.out_image.w,
            "channels": op.out_channels,
            "lanes": LANES,
            "padded": op.window.pad_left > 0 or op.window.padding_after(op.image, op.out_image).w > 0,
            "form": form(op, called=False),
        }

    def args(self, op: DepthwiseConv2D) -> tuple[str, ...]:
        return (*requantize_args(op), str(op.input.zero_point))
