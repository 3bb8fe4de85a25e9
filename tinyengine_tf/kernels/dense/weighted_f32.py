"""What float32 kernels of operators with weights share: their tables, and what limits their outputs."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import RowWindow, Table
from tinyengine_tf.ops.float_conv2d import FloatConv2D
from tinyengine_tf.ops.float_depthwise_conv2d import FloatDepthwiseConv2D
from tinyengine_tf.ops.float_weighted import FloatWeighted


def float_tables(op: FloatWeighted) -> tuple[Table, ...]:
    """Weights as they are in the file, and the bias if there is one."""
    return tuple(Table.of(name, t) for name, t in (("weights", op.weights), ("bias", op.bias)) if t is not None)


def float_ends(op: FloatWeighted) -> dict[str, Any]:
    """What templates ask to finish a sum."""
    return {"bias": op.bias is not None, "low": op.clamp[0], "high": op.clamp[1]}


def skipping_window(op: FloatConv2D | FloatDepthwiseConv2D) -> RowWindow:
    """The rows a convolution reads; null pointers stand for those outside the image, which TFLM skips."""
    w = op.window
    return RowWindow(w.kernel.h, w.stride.h, w.dilation.h, w.pad_top, array=True)


def window_params(op: FloatConv2D | FloatDepthwiseConv2D) -> dict[str, Any]:
    """What templates ask of the window."""
    return {
        "window": op.window,
        "in_width": op.image.w,
        "in_channels": op.input.shape[3],
        "out_width": op.out_image.w,
        "out_channels": op.out_channels,
        "padded_rows": skipping_window(op).leaves_image(op.image.h, op.out_image.h),
        "padded": op.window.pad_left > 0 or op.window.padding_after(op.image, op.out_image).w > 0,
    }
