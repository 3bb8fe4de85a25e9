"""DEPTHWISE_CONV_2D for the host: short loops over neighbouring channels, which compilers vectorise."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.arithmetic.fast_requantize import Requantization, solve
from tinyengine_tf.kernels.arithmetic.short_requantize import form, live_weights, requantize_args, requantize_tables
from tinyengine_tf.kernels.base import Because, Code, Layout, Lowered, Table, kernel
from tinyengine_tf.kernels.dense.window import conv_window, pads_columns
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.target import Core

LANES = 16


@kernel(DepthwiseConv2D, types=(S8,), before=("te_depthwise_conv2d_s8_thumb1",))
def te_depthwise_conv2d_s8_vector(op: DepthwiseConv2D, core: Core) -> Lowered | Because:
    """Sums of 16 channels side by side, for vectorising compilers."""
    if not core.is_host:
        return Because("the core has no vector registers that compilers use")
    if op.multiplier != 1:
        return Because("several outputs per channel")
    rq = solve(op)
    if isinstance(rq, Because):
        return rq
    weights = Table("weights", "int8_t", op.weights.elements, lambda: live_weights(op, rq).T)
    return Lowered(
        Code("depthwise/depthwise_vector.c.j2", lambda units: _params(op, rq), ("short_requantize",)),
        Layout((conv_window(op),)),
        (weights, *requantize_tables(rq)),
        (*requantize_args(rq), op.input.zero_point),
    )


def _params(op: DepthwiseConv2D, rq: Requantization) -> dict[str, Any]:
    return {
        "window": op.window,
        "in_width": op.image.w,
        "out_width": op.out_image.w,
        "channels": op.out_channels,
        "lanes": LANES,
        "padded": pads_columns(op),
        "form": form(rq, called=False),
    }
