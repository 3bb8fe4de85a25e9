"""DEPTHWISE_CONV_2D in portable C: any geometry and depth multiplier, one output row per call."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Code, Layout, Lowered, kernel
from tinyengine_tf.kernels.dense.weighted import clamp_args, plain_tables
from tinyengine_tf.kernels.dense.window import conv_window, pads_columns
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.target import Core


@kernel(DepthwiseConv2D, types=(S8,), before=("te_depthwise_conv2d_s8w4_thumb1",))
def te_depthwise_conv2d_s8(op: DepthwiseConv2D, core: Core) -> Lowered:
    """Portable C, any geometry."""
    return Lowered(
        Code("depthwise/depthwise_conv2d.c.j2", lambda units: _params(op), ("requantize",)),
        Layout((conv_window(op),)),
        plain_tables(op),
        (op.input.zero_point, *clamp_args(op)),
    )


def _params(op: DepthwiseConv2D) -> dict[str, Any]:
    return {
        "window": op.window,
        "multiplier": op.multiplier,
        "in_width": op.image.w,
        "in_channels": op.input.shape[3],
        "out_width": op.out_image.w,
        "out_channels": op.out_channels,
        "padded": pads_columns(op),
    }
