"""CONV_2D of int16 data in portable C: any geometry, one output row per call."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Code, Layout, Lowered, kernel
from tinyengine_tf.kernels.dense.weighted_s16 import NEEDS, sum_params, tables
from tinyengine_tf.kernels.dense.window import conv_window, pads_columns
from tinyengine_tf.kernels.types import S16
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.target import Core


@kernel(Conv2D, types=(S16,))
def te_conv2d_s16(op: Conv2D, core: Core) -> Lowered:
    """Portable C, any geometry."""
    code = Code("dense/conv2d_s16.c.j2", lambda units: _params(op), NEEDS)
    return Lowered(code, Layout((conv_window(op),)), tables(op), op.clamp)


def _params(op: Conv2D) -> dict[str, Any]:
    return {
        **sum_params(op),
        "window": op.window,
        "in_width": op.image.w,
        "in_channels": op.input.shape[3],
        "out_width": op.out_image.w,
        "out_channels": op.out_channels,
        "group_in": op.weights.shape[3],
        "group_out": op.out_channels // op.groups,
        "groups": op.groups,
        "padded": pads_columns(op),
    }
