"""DEPTHWISE_CONV_2D in portable C, weights of four bits: any geometry and depth multiplier.

Each filter is unpacked once per output row.
"""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Code, Layout, Lowered, kernel
from tinyengine_tf.kernels.dense.packed_filters import packed_filter_tables
from tinyengine_tf.kernels.dense.weighted import clamp_args, depth
from tinyengine_tf.kernels.dense.window import conv_window, pads_columns
from tinyengine_tf.kernels.nibbles import packed_bytes
from tinyengine_tf.kernels.types import S8W4
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.target import Core


@kernel(DepthwiseConv2D, types=(S8W4,))
def te_depthwise_conv2d_s8w4(op: DepthwiseConv2D, core: Core) -> Lowered:
    """Portable C, int4 weights, any geometry."""
    return Lowered(
        Code("depthwise/depthwise_conv2d_s8w4.c.j2", lambda units: _params(op), ("requantize", "unpack_s4")),
        Layout((conv_window(op),), scratch_bytes=depth(op)),
        packed_filter_tables(op),
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
        "taps": depth(op),
        "filter_bytes": packed_bytes(1, depth(op)),
        "padded": pads_columns(op),
    }
