"""Matrix products over pixels, weights of four bits, on Armv6-M, in blocks of pixels and filters."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.dense.dense_block import NOT_THUMB1, pointwise_block
from tinyengine_tf.kernels.dense.matrix_product import MatrixProduct
from tinyengine_tf.kernels.dense.packed_block import PACKED_THUMB1
from tinyengine_tf.kernels.types import S8W4
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.target import Core


@kernel(Conv2D, FullyConnected, types=(S8W4,), before=("te_conv2d_s8w4_thumb1",))
def te_pointwise_s8w4_thumb1(op: MatrixProduct, core: Core) -> Lowered | Because:
    """1x1, int4 weights, Armv6-M: 2 pixels x 2 filters at once, no long multiplication."""
    return pointwise_block(op, core, PACKED_THUMB1) if core.is_thumb1 else NOT_THUMB1
