"""Dense layers in C: two pixels times four filters at once, so that every load serves several products.

Convolutions first copy the windows of two pixels together, padding included; from there on they are matrix products.
Layers share the function that multiplies: sizes are its arguments.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from tinyengine_tf.kernels.arithmetic.short_requantize import (
    form,
    live_weights,
    reason_against,
    requantize_args,
    requantize_tables,
)
from tinyengine_tf.kernels.base import Layout, RowWindow, Table
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.kernels.dense.conv2d import conv_window, touches_image
from tinyengine_tf.kernels.dense.pointwise import not_pointwise
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.target import Core

NOT_ON_HOST = "compilers of the host vectorise single sums"
PIXELS = 2
FILTERS = 4


class DenseBlock(ClassKernel):
    """What pointwise layers and convolutions share."""

    together: ClassVar[int] = FILTERS
    dense_template: ClassVar[str] = "dense/dense_block.c.j2"
    needs: ClassVar[tuple[str, ...]] = ("short_requantize",)

    def tables(self, op: Conv2D | FullyConnected) -> tuple[Table, ...]:
        def weights() -> np.ndarray:
            """Filters in groups, each group's weights interleaved; what does not fill a group filter by filter."""
            w = live_weights(op)
            whole = len(w) // self.together * self.together
            groups = w[:whole].reshape(-1, self.together, w.shape[1]).transpose(0, 2, 1)
            return np.concatenate((groups.reshape(-1), w[whole:].reshape(-1)))

        return (Table("weights", "int8_t", op.weights.elements, weights), *requantize_tables(op))

    def dense_params(self, op: Conv2D | FullyConnected) -> dict[str, Any]:
        return {
            "block": PIXELS,
            "out_channels": op.out_channels,
            "dense_template": self.dense_template,
            "form": form(op, called="short_requantize" not in self.needs),
        }


@class_kernel
class PointwiseBlock(DenseBlock):
    name = "te_pointwise_s8_block"
    ops = (Conv2D, FullyConnected)
    why = "1x1: 2 pixels x 4 filters at once in C"
    template = "dense/pointwise_block.c.j2"
    rank = 5

    def rejects(self, op: Conv2D | FullyConnected, core: Core) -> str | None:
        return NOT_ON_HOST if core.is_host else not_pointwise(op) or reason_against(op)

    def layout(self, op: Conv2D | FullyConnected) -> Layout:
        return Layout((RowWindow(),), flat=op.output.elements // op.out_channels, hold=PIXELS)

    def params(self, op: Conv2D | FullyConnected, units: int) -> dict[str, Any]:
        return {"pixels": units, "in_channels": op.weights.elements // op.out_channels, **self.dense_params(op)}

    def args(self, op: Conv2D | FullyConnected) -> tuple[str, ...]:
        return requantize_args(op)


@class_kernel
class Conv2DBlock(DenseBlock):
    name = "te_conv2d_s8_block"
    ops = (Conv2D,)
    why = "windows copied together, then 2 pixels x 4 filters at once in C"
    template = "dense/conv2d_block.c.j2"
    rank = 4

    def rejects(self, op: Conv2D, core: Core) -> str | None:
        if core.is_host:
            return NOT_ON_HOST
        if op.groups > 1:
            return "a grouped convolution"
        return reason_against(op) if touches_image(op) else "windows of padding alone"

    def layout(self, op: Conv2D) -> Layout:
        return Layout(
            (conv_window(op),), scratch_bytes=op.weights.elements // op.out_channels * min(op.out_image.w, PIXELS)
        )

    def params(self, op: Conv2D, units: int) -> dict[str, Any]:
        return {
            "window": op.window,
            "in_width": op.image.w,
            "in_channels": op.input.shape[3],
            "out_width": op.out_image.w,
            "padded": op.window.pad_left > 0 or op.window.padding_after(op.image, op.out_image).w > 0,
            **self.dense_params(op),
        }

    def args(self, op: Conv2D) -> tuple[str, ...]:
        return (*requantize_args(op), str(op.input.zero_point))


class Thumb1(DenseBlock):
    """On Armv6-M the products are in assembly, two filters at once; weights stay as they are in the file."""

    together: ClassVar[int] = 1
    dense_template: ClassVar[str] = "dense/dense_block_thumb1.c.j2"
    needs: ClassVar[tuple[str, ...]] = ("short_requantize_thumb1",)

    def rejects(self, op: Any, core: Core) -> str | None:
        return super().rejects(op, core) if core.is_thumb1 else "the core is not Armv6-M"


@class_kernel
class PointwiseThumb1(Thumb1, PointwiseBlock):
    name = "te_pointwise_s8_thumb1"
    why = "1x1, Armv6-M: 2 pixels x 2 filters at once, no long multiplication"
    rank = 7


@class_kernel
class Conv2DThumb1(Thumb1, Conv2DBlock):
    name = "te_conv2d_s8_thumb1"
    why = "Armv6-M: windows copied together, then 2 pixels x 2 filters at once, no long multiplication"
    rank = 6
