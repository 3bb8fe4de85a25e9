"""CONV_2D in portable C, weights of four bits: any geometry; each filter is unpacked once per output row."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Code, Layout, Lowered, kernel
from tinyengine_tf.kernels.dense.packed_filters import packed_filter_tables
from tinyengine_tf.kernels.dense.weighted import clamp_args, depth
from tinyengine_tf.kernels.dense.window import conv_window, pads_columns
from tinyengine_tf.kernels.nibbles import packed_bytes
from tinyengine_tf.kernels.types import S8W4
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.target import Core


@kernel(Conv2D, types=(S8W4,))
def te_conv2d_s8w4(op: Conv2D, core: Core) -> Lowered:
    """Portable C, int4 weights, any geometry."""
    return Lowered(
        Code("dense/conv2d_s8w4.c.j2", lambda units: _params(op), ("requantize", "dot", "unpack_s4")),
        Layout((conv_window(op),), scratch_bytes=depth(op)),
        packed_filter_tables(op),
        (op.input.zero_point, *clamp_args(op)),
    )


def _params(op: Conv2D) -> dict[str, Any]:
    return {
        "window": op.window,
        "in_width": op.image.w,
        "in_channels": op.input.shape[3],
        "out_width": op.out_image.w,
        "out_channels": op.out_channels,
        "depth": depth(op),
        "filter_bytes": packed_bytes(1, depth(op)),
        "group_in": op.weights.shape[3],
        "group_out": op.out_channels // op.groups,
        "groups": op.groups,
        "padded": pads_columns(op),
    }
