"""Matrix products over pixels with Helium, in blocks of pixels."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.dense.matrix_product import MatrixProduct, not_pointwise
from tinyengine_tf.kernels.dense.products_mve import products_mve
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.target import Core


@kernel(Conv2D, FullyConnected, types=(S8,), isa="mve", before=("te_conv2d_s8_row_mve",))
def te_pointwise_s8_mve(op: MatrixProduct, core: Core) -> Lowered | Because:
    """1x1, core has Helium: 2 filters x 3 pixels, 16 products each at once."""
    return not_pointwise(op) or products_mve(op, single=False)
