"""DEPTHWISE_CONV_2D on Armv6-M, in blocks of outputs."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.depthwise.depthwise_block import DepthwiseBlock, depthwise_block
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.target import Core

WAY = DepthwiseBlock(2, "short_requantize_thumb1", called=True)


@kernel(DepthwiseConv2D, types=(S8,), before=("te_depthwise_conv2d_s8_block",))
def te_depthwise_conv2d_s8_thumb1(op: DepthwiseConv2D, core: Core) -> Lowered | Because:
    """Armv6-M: the window unrolled, 2 outputs share each weight, no long multiplication."""
    return depthwise_block(op, WAY) if core.is_thumb1 else Because("the core is not Armv6-M")
