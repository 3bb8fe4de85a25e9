"""CONV_2D with Helium where a window is one run of its row: a single kernel row, nothing outside the image."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tinyengine_tf.kernels.arithmetic.requantize_mve import vector_requantization
from tinyengine_tf.kernels.assembly import FUNCTION, in_assembly
from tinyengine_tf.kernels.base import Because, Code, Layout, Lowered, kernel
from tinyengine_tf.kernels.dense.dense_mve import DenseCode, stream_table
from tinyengine_tf.kernels.dense.window import conv_window, pads_columns
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.target import Core


@kernel(Conv2D, types=(S8,), isa="mve", before=("te_conv2d_s8_mve",))
def te_conv2d_s8_row_mve(op: Conv2D, core: Core) -> Lowered | Because:
    """One kernel row, core has Helium: windows are multiplied where they lie."""
    if op.groups > 1:
        return Because("the convolution is grouped")
    if op.window.kernel.h > 1 or op.window.dilation.w > 1 or pads_columns(op):
        return Because("windows are more than a run of one row")
    width, channels, rq = op.out_image.w, op.input.shape[3], vector_requantization(op)

    def params(units: int) -> dict[str, Any]:
        return in_assembly(
            f"One output row of a 1x{op.window.kernel.w} convolution, {op.image.w} -> {width} pixels of "
            f"{channels} -> {op.out_channels} channels.",
            DenseCode(op, rq, op.window.stride.w * channels, single=False).function(width),
        )

    return Lowered(
        Code(FUNCTION, params),
        Layout((replace(conv_window(op), array=False),)),
        (stream_table(op, rq, single=False),),
    )
