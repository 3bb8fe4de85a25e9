"""DEPTHWISE_CONV_2D with weights of four bits on Armv6-M, in blocks of outputs."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.depthwise.depthwise_conv2d_thumb1 import WAY
from tinyengine_tf.kernels.depthwise.unpacked_block import unpacked_block
from tinyengine_tf.kernels.types import S8W4
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.target import Core


@kernel(DepthwiseConv2D, types=(S8W4,), before=("te_depthwise_conv2d_s8w4_block",))
def te_depthwise_conv2d_s8w4_thumb1(op: DepthwiseConv2D, core: Core) -> Lowered | Because:
    """Armv6-M: int4 weights unpacked per row, 2 outputs share each weight, no long multiplication."""
    return unpacked_block(op, WAY) if core.is_thumb1 else Because("the core is not Armv6-M")
