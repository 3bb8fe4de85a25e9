"""One pixel times a weight matrix of four bits with Helium."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.dense.matrix_product import MatrixProduct, not_single
from tinyengine_tf.kernels.dense.nibbles_mve import NIBBLES
from tinyengine_tf.kernels.dense.products_mve import products_mve
from tinyengine_tf.kernels.types import S8W4
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.target import Core


@kernel(FullyConnected, Conv2D, types=(S8W4,), isa="mve", before=("te_pointwise_s8w4_mve",))
def te_fully_connected_s8w4_mve(op: MatrixProduct, core: Core) -> Lowered | Because:
    """A single pixel, int4 weights, core has Helium: 4 filters, 16 products each at once."""
    return not_single(op) or products_mve(op, True, NIBBLES)
