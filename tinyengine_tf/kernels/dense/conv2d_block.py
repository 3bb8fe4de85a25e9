"""CONV_2D in C, in blocks of pixels and filters."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.dense.dense_block import IN_C, conv2d_block
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.target import Core


@kernel(Conv2D, types=(S8,), before=("te_pointwise_s8",))
def te_conv2d_s8_block(op: Conv2D, core: Core) -> Lowered | Because:
    """Windows copied together, then 2 pixels x 4 filters at once in C."""
    return conv2d_block(op, core, IN_C)
