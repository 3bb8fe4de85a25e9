"""CONV_2D in portable C: any geometry, one output row per call."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Code, Layout, Lowered, kernel
from tinyengine_tf.kernels.dense.weighted import clamp_args, plain_tables
from tinyengine_tf.kernels.dense.window import conv_window, pads_columns
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.target import Core


@kernel(Conv2D, types=(S8,), before=("te_fully_connected_s8w4_mve",))
def te_conv2d_s8(op: Conv2D, core: Core) -> Lowered:
    """Portable C, any geometry."""
    return Lowered(
        Code("dense/conv2d.c.j2", lambda units: _params(op), ("requantize", "dot")),
        Layout((conv_window(op),)),
        plain_tables(op),
        (op.input.zero_point, *clamp_args(op)),
    )


def _params(op: Conv2D) -> dict[str, Any]:
    return {
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
