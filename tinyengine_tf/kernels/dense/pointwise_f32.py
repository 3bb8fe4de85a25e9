"""Matrix products over pixels in float32 and portable C, sums in TFLM's order."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Because, Code, Layout, Lowered, RowWindow, kernel
from tinyengine_tf.kernels.dense.weighted_f32 import float_ends, float_tables
from tinyengine_tf.kernels.types import F32
from tinyengine_tf.ops.float_conv2d import FloatConv2D
from tinyengine_tf.ops.float_fully_connected import FloatFullyConnected
from tinyengine_tf.target import Core


@kernel(FloatConv2D, FloatFullyConnected, types=(F32,), before=("te_conv2d_f32",))
def te_pointwise_f32(op: FloatConv2D | FloatFullyConnected, core: Core) -> Lowered | Because:
    """1x1: the whole tensor is one long row."""
    if isinstance(op, FloatConv2D) and not op.is_pointwise:
        return Because("not a dense 1x1 convolution of stride 1")

    def params(units: int) -> dict[str, Any]:
        depth = op.weights.elements // op.out_channels
        return {"pixels": units, "in_channels": depth, "out_channels": op.out_channels, **float_ends(op)}

    return Lowered(
        Code("dense/pointwise_f32.c.j2", params, ("clamp_f32",)),
        Layout((RowWindow(),), flat=op.output.elements // op.out_channels, hold=1),
        float_tables(op),
    )
