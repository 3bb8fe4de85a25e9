"""Dense layers in C: two pixels times several filters at once, so that every load serves several products.

Convolutions first copy the windows of two pixels together, padding included; from there on they are matrix products.
Layers share the function that multiplies: sizes are its arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinyengine_tf.kernels.arithmetic.fast_requantize import Requantization, solve
from tinyengine_tf.kernels.arithmetic.short_requantize import form, live_weights, requantize_args, requantize_tables
from tinyengine_tf.kernels.base import Array, Because, Code, Layout, Lowered, RowWindow, Table
from tinyengine_tf.kernels.dense.dot_thumb1 import dot
from tinyengine_tf.kernels.dense.matrix_product import MatrixProduct, not_pointwise, pixels_of
from tinyengine_tf.kernels.dense.weighted import depth
from tinyengine_tf.kernels.dense.window import conv_window, pads_columns, touches_image
from tinyengine_tf.ops.conv2d import Conv2D, WeightedOp
from tinyengine_tf.target import Core

PIXELS = 2
NOT_ON_HOST = Because("compilers of the host vectorise single sums")
NOT_THUMB1 = Because("the core is not Armv6-M")


@dataclass(frozen=True)
class DenseBlock:
    """One way to multiply two pixels.

    template    of the function that does it
    together    filters whose weights are interleaved; 1: weights stay as they are in the file
    requantize  what requantises its sums
    called      as a function
    further     values that the template takes besides
    """

    template: str
    together: int
    requantize: str
    called: bool
    further: Mapping[str, Any] = field(default_factory=dict)

    def weights(self, op: WeightedOp, rq: Requantization) -> Table:
        """Filters in groups, each group's weights interleaved; what does not fill a group filter by filter."""

        def build() -> Array:
            w = live_weights(op, rq)
            whole = len(w) // self.together * self.together
            groups = w[:whole].reshape(-1, self.together, w.shape[1]).transpose(0, 2, 1)
            return np.concatenate((groups.reshape(-1), w[whole:].reshape(-1)))

        return Table("weights", "int8_t", op.weights.elements, build)

    def params(self, op: WeightedOp, rq: Requantization) -> dict[str, Any]:
        return {
            "block": PIXELS,
            "out_channels": op.out_channels,
            "dense_template": self.template,
            "dense_further": self.further,
            "form": form(rq, self.called),
        }


IN_C = DenseBlock("dense/dense_block.c.j2", 4, "short_requantize", called=False)
THUMB1 = DenseBlock("dense/dense_block_thumb1.c.j2", 1, "short_requantize_thumb1", called=True, further={"dot": dot})
"""On Armv6-M the products are in assembly, two filters at once."""


def pointwise_block(op: MatrixProduct, core: Core, block: DenseBlock) -> Lowered | Because:
    """A matrix product over pixels."""
    if core.is_host:
        return NOT_ON_HOST
    rq = not_pointwise(op) or solve(op)
    if isinstance(rq, Because):
        return rq

    def params(units: int) -> dict[str, Any]:
        return {"pixels": units, "in_channels": depth(op), **block.params(op, rq)}

    return Lowered(
        Code("dense/pointwise_block.c.j2", params, (block.requantize,)),
        Layout((RowWindow(),), flat=pixels_of(op), hold=PIXELS),
        (block.weights(op, rq), *requantize_tables(rq)),
        requantize_args(rq),
    )


def conv2d_block(op: Conv2D, core: Core, block: DenseBlock) -> Lowered | Because:
    """A convolution whose windows are copied together."""
    if core.is_host:
        return NOT_ON_HOST
    if op.groups > 1:
        return Because("a grouped convolution")
    if not touches_image(op):
        return Because("windows of padding alone")
    rq = solve(op)
    if isinstance(rq, Because):
        return rq

    def params(units: int) -> dict[str, Any]:
        return {
            "window": op.window,
            "in_width": op.image.w,
            "in_channels": op.input.shape[3],
            "out_width": op.out_image.w,
            "padded": pads_columns(op),
            **block.params(op, rq),
        }

    return Lowered(
        Code("dense/conv2d_block.c.j2", params, (block.requantize,)),
        Layout((conv_window(op),), scratch_bytes=depth(op) * min(op.out_image.w, PIXELS)),
        (block.weights(op, rq), *requantize_tables(rq)),
        (*requantize_args(rq), op.input.zero_point),
    )
