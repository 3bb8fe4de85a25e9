"""Matrix products over pixels with Helium, weights of four bits, in blocks of pixels."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.dense.matrix_product import MatrixProduct, not_pointwise
from tinyengine_tf.kernels.dense.nibbles_mve import NIBBLES
from tinyengine_tf.kernels.dense.products_mve import products_mve
from tinyengine_tf.kernels.types import S8W4
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.target import Core


@kernel(Conv2D, FullyConnected, types=(S8W4,), isa="mve", before=("te_conv2d_s8w4_mve", "te_pointwise_s8w4_dsp"))
def te_pointwise_s8w4_mve(op: MatrixProduct, core: Core) -> Lowered | Because:
    """1x1, int4 weights, core has Helium: 2 filters x 3 pixels, 16 products each at once."""
    return not_pointwise(op) or products_mve(op, False, NIBBLES)
