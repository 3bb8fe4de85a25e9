"""Matrix products over pixels with Helium: 1x1 convolutions and fully-connected layers."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.assembly import FUNCTION, in_assembly
from tinyengine_tf.kernels.base import Layout, RowWindow, Table
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.kernels.dense.dense_mve import PIXELS, DenseCode, dense_stream, depth
from tinyengine_tf.kernels.dense.pointwise import not_pointwise
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.target import Core


class PointwiseMve(ClassKernel):
    """Writes a block of pixels channel by channel: all inputs of a block are needed until its end."""

    ops = (Conv2D, FullyConnected)
    template = FUNCTION
    isa = "mve"
    single = False

    def layout(self, op: Conv2D | FullyConnected) -> Layout:
        return Layout((RowWindow(),), flat=op.output.elements // op.out_channels, hold=1 if self.single else PIXELS)

    def tables(self, op: Conv2D | FullyConnected) -> tuple[Table, ...]:
        return (dense_stream(op, self.single),)

    def params(self, op: Conv2D | FullyConnected, units: int) -> dict[str, Any]:
        n = depth(op)
        comment = f"Matrix products of {units} x {n} inputs and {op.out_channels} channels."
        return in_assembly(comment, DenseCode(op, n, self.single).function(units))


@class_kernel
class PointwiseBlocksMve(PointwiseMve):
    name = "te_pointwise_s8_mve"
    why = "1x1, core has Helium: 2 filters x 3 pixels, 16 products each at once"
    rank = 23

    def rejects(self, op: Conv2D | FullyConnected, core: Core) -> str | None:
        return not_pointwise(op)


@class_kernel
class FullyConnectedMve(PointwiseMve):
    name = "te_fully_connected_s8_mve"
    why = "a single pixel, core has Helium: 4 filters, 16 products each at once"
    rank = 24
    single = True

    def rejects(self, op: Conv2D | FullyConnected, core: Core) -> str | None:
        if (reason := not_pointwise(op)) is not None:
            return reason
        return "more than one pixel" if op.output.elements != op.out_channels else None
