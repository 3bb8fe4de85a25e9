"""CONV_2D, weights of four bits, on Armv6-M, in blocks of pixels and filters."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.dense.dense_block import NOT_THUMB1, conv2d_block
from tinyengine_tf.kernels.dense.packed_block import PACKED_THUMB1
from tinyengine_tf.kernels.types import S8W4
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.target import Core


@kernel(Conv2D, types=(S8W4,), before=("te_pointwise_s8w4_block",))
def te_conv2d_s8w4_thumb1(op: Conv2D, core: Core) -> Lowered | Because:
    """Int4 weights, Armv6-M: windows copied together, then 2 pixels x 2 filters at once."""
    return conv2d_block(op, core, PACKED_THUMB1) if core.is_thumb1 else NOT_THUMB1
