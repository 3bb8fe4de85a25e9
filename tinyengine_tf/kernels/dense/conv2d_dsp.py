"""Dense convolutions with SMLAD: three pixels' windows are widened together, then multiplied as in pointwise_dsp."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Layout, Table
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.kernels.dense.conv2d import conv_window
from tinyengine_tf.kernels.dense.dense_stream import PIXELS, dense_params, groups, headed_stream_table, reason_against
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.target import Core

LARGEST_OFFSET = 4095
"""Bytes that a load can reach beyond its pointer."""


@class_kernel
class Conv2DDsp(ClassKernel):
    name = "te_conv2d_s8_dsp"
    ops = (Conv2D,)
    why = "core has DSP: 2 filters x 3 pixels with SMLAD"
    template = "dense/conv2d_dsp.c.j2"
    isa = "dsp"
    rank = 10
    needs = ("widen_word_dsp",)

    def rejects(self, op: Conv2D, core: Core) -> str | None:
        return "a grouped convolution" if op.groups > 1 else reason_against(op)

    def layout(self, op: Conv2D) -> Layout:
        return Layout((conv_window(op),), scratch_bytes=8 * groups(op) * min(op.out_image.w, PIXELS))

    def tables(self, op: Conv2D) -> tuple[Table, ...]:
        return (headed_stream_table(op),)

    def params(self, op: Conv2D, units: int) -> dict[str, Any]:
        window, width, out_width, channels = op.window, op.image.w, op.out_image.w, op.input.shape[3]
        after = window.padding_after(op.image, op.out_image).w
        # Output columns whose windows lie within the image.
        first = -(-window.pad_left // window.stride.w)
        inner = out_width if after == 0 else (width + window.pad_left - window.extent.w) // window.stride.w + 1
        together = window.stride.w * channels * (PIXELS - 1) <= LARGEST_OFFSET
        return {
            "window": window,
            "in_width": width,
            "in_channels": channels,
            "out_width": out_width,
            "block": PIXELS,
            "first_inner": first,
            "end_inner": max(inner, 0),
            "together": together,
            "padded": first > 0 or inner < out_width,
            "out_channels": op.out_channels,
            "groups": groups(op),
            "dense": dense_params(op),
        }

    def args(self, op: Conv2D) -> tuple[str, ...]:
        return (str(op.input.zero_point),)
