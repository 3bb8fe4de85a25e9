"""Matrix products over pixels, weights of four bits in C, in blocks of pixels and filters."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.dense.dense_block import pointwise_block
from tinyengine_tf.kernels.dense.matrix_product import MatrixProduct
from tinyengine_tf.kernels.dense.packed_block import PACKED
from tinyengine_tf.kernels.types import S8W4
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.target import Core


@kernel(Conv2D, FullyConnected, types=(S8W4,), before=("te_conv2d_s8w4_block",))
def te_pointwise_s8w4_block(op: MatrixProduct, core: Core) -> Lowered | Because:
    """1x1, int4 weights: 2 pixels x 4 filters at once in C."""
    return pointwise_block(op, core, PACKED)
