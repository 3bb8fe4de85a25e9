"""Products of every pixel with one weight matrix: 1x1 convolutions and fully-connected layers."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Layout, RowWindow, Table
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.kernels.dense.weighted import bias_table, clamp_args, requantize_tables, weights_table
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.target import Core


def not_pointwise(op: Conv2D | FullyConnected) -> str | None:
    """Why an operator is not one matrix product over pixels, or None."""
    if isinstance(op, FullyConnected):
        return "the weights have a zero point" if op.weights_zero_point else None
    same_pixels = op.window.is_pointwise and op.image == op.out_image  # padding may follow the image
    return None if same_pixels and op.groups == 1 else "not a dense 1x1 convolution of stride 1"


@class_kernel
class PointwisePortable(ClassKernel):
    name = "te_pointwise_s8"
    ops = (Conv2D, FullyConnected)
    why = "1x1: the whole tensor is one long row"
    template = "dense/pointwise.c.j2"
    needs = ("requantize", "dot")
    rank = 1

    def rejects(self, op: Conv2D | FullyConnected, core: Core) -> str | None:
        return not_pointwise(op)

    def layout(self, op: Conv2D | FullyConnected) -> Layout:
        return Layout((RowWindow(),), flat=op.output.elements // op.out_channels, hold=1)

    def tables(self, op: Conv2D | FullyConnected) -> tuple[Table, ...]:
        return (weights_table(op), bias_table(op), *requantize_tables(op))

    def params(self, op: Conv2D | FullyConnected, units: int) -> dict[str, Any]:
        return {"pixels": units, "in_channels": op.weights.shape[-1], "out_channels": op.out_channels}

    def args(self, op: Conv2D | FullyConnected) -> tuple[str, ...]:
        return clamp_args(op)
