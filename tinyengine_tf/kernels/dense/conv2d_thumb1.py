"""CONV_2D on Armv6-M, in blocks of pixels and filters."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.dense.dense_block import NOT_THUMB1, THUMB1, conv2d_block
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.target import Core


@kernel(Conv2D, types=(S8,), before=("te_pointwise_s8_block",))
def te_conv2d_s8_thumb1(op: Conv2D, core: Core) -> Lowered | Because:
    """Armv6-M: windows copied together, then 2 pixels x 2 filters at once, no long multiplication."""
    return conv2d_block(op, core, THUMB1) if core.is_thumb1 else NOT_THUMB1
