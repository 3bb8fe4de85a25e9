"""One pixel times a weight matrix with SMLAD: fully-connected layers of batch 1, 1x1 convolutions of 1x1 images."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Layout, RowWindow, Table
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.kernels.dense.dense_stream import complete_bytes, depth, reason_against, requantization, stream_table
from tinyengine_tf.kernels.dense.pointwise import not_pointwise
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.target import Core

FILTERS = 4
"""Filters computed together: each input is widened once for all of them, in registers."""


@class_kernel
class FullyConnectedDsp(ClassKernel):
    name = "te_fully_connected_s8_dsp"
    ops = (FullyConnected, Conv2D)
    why = "a single pixel, core has DSP: 4 filters at once with SMLAD, no scratch memory"
    template = "dense/fully_connected_dsp.c.j2"
    isa = "dsp"
    rank = 12

    def rejects(self, op: Conv2D | FullyConnected, core: Core) -> str | None:
        if (reason := not_pointwise(op)) is not None:
            return reason
        return "more than one pixel" if op.output.elements != op.out_channels else reason_against(op)

    def layout(self, op: Conv2D | FullyConnected) -> Layout:
        return Layout((RowWindow(),), flat=1, hold=1)

    def tables(self, op: Conv2D | FullyConnected) -> tuple[Table, ...]:
        return (stream_table(op, FILTERS),)

    def params(self, op: Conv2D | FullyConnected, units: int) -> dict[str, Any]:
        return {
            "in_channels": depth(op),
            "out_channels": op.out_channels,
            "together": FILTERS,
            "stream_bytes": complete_bytes(op, FILTERS),
            "rq": requantization(op),
        }
