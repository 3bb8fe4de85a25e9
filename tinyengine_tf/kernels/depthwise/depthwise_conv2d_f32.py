"""DEPTHWISE_CONV_2D in float32 and portable C: any geometry and depth multiplier, one output row per call."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Code, Layout, Lowered, kernel
from tinyengine_tf.kernels.dense.weighted_f32 import float_ends, float_tables, skipping_window, window_params
from tinyengine_tf.kernels.types import F32
from tinyengine_tf.ops.float_depthwise_conv2d import FloatDepthwiseConv2D
from tinyengine_tf.target import Core


@kernel(FloatDepthwiseConv2D, types=(F32,))
def te_depthwise_conv2d_f32(op: FloatDepthwiseConv2D, core: Core) -> Lowered:
    """Portable C, any geometry and depth multiplier."""
    return Lowered(
        Code(
            "depthwise/depthwise_conv2d_f32.c.j2",
            lambda units: {**window_params(op), **float_ends(op), "multiplier": op.multiplier},
            ("clamp_f32",),
        ),
        Layout((skipping_window(op),)),
        float_tables(op),
    )
