"""DEPTHWISE_CONV_2D in C, in blocks of outputs."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.depthwise.depthwise_block import DepthwiseBlock, depthwise_block
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.target import Core

WAY = DepthwiseBlock(4, "short_requantize", called=False)


@kernel(DepthwiseConv2D, types=(S8,), before=("te_depthwise_conv2d_s8",))
def te_depthwise_conv2d_s8_block(op: DepthwiseConv2D, core: Core) -> Lowered | Because:
    """The window unrolled, 4 outputs share each weight."""
    return depthwise_block(op, WAY)
