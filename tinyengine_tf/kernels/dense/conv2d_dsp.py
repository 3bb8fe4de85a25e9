"""Dense convolutions with SMLAD: three pixels' windows are widened together, then multiplied as in pointwise_dsp."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.arithmetic.fast_requantize import Requantization
from tinyengine_tf.kernels.base import Because, Code, Layout, Lowered, kernel
from tinyengine_tf.kernels.dense.dense_dsp import dense_code
from tinyengine_tf.kernels.dense.dense_stream import PIXELS, groups, headed_stream_table, solve_dense
from tinyengine_tf.kernels.dense.widen_dsp import widening
from tinyengine_tf.kernels.dense.window import conv_window
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.machine.thumb2 import LARGEST_OFFSET
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.target import Core


@kernel(Conv2D, types=(S8,), isa="dsp", before=("te_pointwise_s8_thumb1",))
def te_conv2d_s8_dsp(op: Conv2D, core: Core) -> Lowered | Because:
    """Core has DSP: 2 filters x 3 pixels with SMLAD."""
    if op.groups > 1:
        return Because("a grouped convolution")
    rq = solve_dense(op)
    if isinstance(rq, Because):
        return rq
    return Lowered(
        Code("dense/conv2d_dsp.c.j2", lambda units: _params(op, rq), ("widen_word_dsp",)),
        Layout((conv_window(op),), scratch_bytes=8 * groups(op) * min(op.out_image.w, PIXELS)),
        (headed_stream_table(op, rq),),
        (op.input.zero_point,),
    )


def _params(op: Conv2D, rq: Requantization) -> dict[str, Any]:
    window, width, out_width, channels = op.window, op.image.w, op.out_image.w, op.input.shape[3]
    after = window.padding_after(op.image, op.out_image).w
    # Output columns whose windows lie within the image.
    first = -(-window.pad_left // window.stride.w)
    inner = out_width if after == 0 else (width + window.pad_left - window.extent.w) // window.stride.w + 1
    together = window.stride.w * channels * (PIXELS - 1) <= LARGEST_OFFSET
    return {
        "window": window,
        "in_width": width,
        "in_channels": channels,
        "out_width": out_width,
        "block": PIXELS,
        "first_inner": first,
        "end_inner": max(inner, 0),
        "together": together,
        "padded": first > 0 or inner < out_width,
        "out_channels": op.out_channels,
        "groups": groups(op),
        "dense": dense_code(op, rq),
        "widening": widening,
    }
