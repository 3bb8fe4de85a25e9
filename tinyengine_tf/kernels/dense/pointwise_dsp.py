"""Matrix products over pixels with SMLAD: two filters times three pixels at once."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Layout, RowWindow, Table
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.kernels.dense.dense_stream import (
    PIXELS,
    dense_params,
    depth,
    groups,
    headed_stream_table,
    reason_against,
)
from tinyengine_tf.kernels.dense.pointwise import not_pointwise
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.target import Core


@class_kernel
class PointwiseDsp(ClassKernel):
    name = "te_pointwise_s8_dsp"
    ops = (Conv2D, FullyConnected)
    why = "1x1, core has DSP: 2 filters x 3 pixels with SMLAD"
    template = "dense/pointwise_dsp.c.j2"
    isa = "dsp"
    rank = 11
    needs = ("widen_word_dsp",)

    def rejects(self, op: Conv2D | FullyConnected, core: Core) -> str | None:
        return not_pointwise(op) or reason_against(op)

    def layout(self, op: Conv2D | FullyConnected) -> Layout:
        pixels = op.output.elements // op.out_channels
        return Layout((RowWindow(),), flat=pixels, scratch_bytes=8 * groups(op) * min(pixels, PIXELS))

    def tables(self, op: Conv2D | FullyConnected) -> tuple[Table, ...]:
        return (headed_stream_table(op),)

    def params(self, op: Conv2D | FullyConnected, units: int) -> dict[str, Any]:
        return {
            "pixels": units,
            "block": PIXELS,
            "in_channels": depth(op),
            "out_channels": op.out_channels,
            "dense": dense_params(op),
        }
