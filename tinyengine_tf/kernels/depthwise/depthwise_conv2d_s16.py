"""DEPTHWISE_CONV_2D of int16 data in portable C: any geometry and depth multiplier, one output row per call."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Code, Layout, Lowered, kernel
from tinyengine_tf.kernels.dense.weighted_s16 import NEEDS, sum_params, tables
from tinyengine_tf.kernels.dense.window import conv_window, pads_columns
from tinyengine_tf.kernels.types import S16
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.target import Core


@kernel(DepthwiseConv2D, types=(S16,))
def te_depthwise_conv2d_s16(op: DepthwiseConv2D, core: Core) -> Lowered:
    """Portable C, any geometry."""
    code = Code("depthwise/depthwise_conv2d_s16.c.j2", lambda units: _params(op), NEEDS)
    return Lowered(code, Layout((conv_window(op),)), tables(op), op.clamp)


def _params(op: DepthwiseConv2D) -> dict[str, Any]:
    return {
        **sum_params(op),
        "window": op.window,
        "multiplier": op.multiplier,
        "in_width": op.image.w,
        "in_channels": op.input.shape[3],
        "out_width": op.out_image.w,
        "out_channels": op.out_channels,
        "padded": pads_columns(op),
    }
