"""How convolutions, dense and depthwise, read the image under their windows."""

from __future__ import annotations

from tinyengine_tf.kernels.base import RowWindow
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D


def conv_window(op: Conv2D | DepthwiseConv2D) -> RowWindow:
    """The rows a convolution reads; those outside the image hold the input's zero point."""
    w = op.window
    return RowWindow(w.kernel.h, w.stride.h, w.dilation.h, w.pad_top, fill=op.input.zero_point, array=True)


def touches_image(op: Conv2D | DepthwiseConv2D) -> bool:
    """Whether every window holds a column of the image. A folded PAD can be wider than the window."""
    w = op.window
    return w.pad_left < w.extent.w and (op.out_image.w - 1) * w.stride.w - w.pad_left < op.image.w


def pads_columns(op: Conv2D | DepthwiseConv2D) -> bool:
    """Whether windows reach beyond the image's left or right edge."""
    return op.window.pad_left > 0 or op.window.padding_after(op.image, op.out_image).w > 0
