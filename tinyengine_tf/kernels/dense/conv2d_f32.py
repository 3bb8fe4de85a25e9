"""CONV_2D in float32 and portable C: any geometry, one output row per call, sums in TFLM's order."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Code, Layout, Lowered, kernel
from tinyengine_tf.kernels.dense.weighted_f32 import float_ends, float_tables, skipping_window, window_params
from tinyengine_tf.kernels.types import F32
from tinyengine_tf.ops.float_conv2d import FloatConv2D
from tinyengine_tf.target import Core


@kernel(FloatConv2D, types=(F32,))
def te_conv2d_f32(op: FloatConv2D, core: Core) -> Lowered:
    """Portable C, any geometry."""
    return Lowered(
        Code("dense/conv2d_f32.c.j2", lambda units: _params(op), ("clamp_f32",)),
        Layout((skipping_window(op),)),
        float_tables(op),
    )


def _params(op: FloatConv2D) -> dict[str, Any]:
    return {
        **window_params(op),
        **float_ends(op),
        "group_in": op.weights.shape[3],
        "group_out": op.out_channels // op.groups,
        "groups": op.groups,
    }
