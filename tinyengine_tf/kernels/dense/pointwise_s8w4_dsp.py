"""Matrix products over pixels with SMLAD, weights of four bits: two filters times three pixels at once."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.dense.matrix_product import MatrixProduct
from tinyengine_tf.kernels.dense.products_dsp import pointwise_dsp
from tinyengine_tf.kernels.dense.products_s8w4_dsp import products_s8w4
from tinyengine_tf.kernels.types import S8W4
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.target import Core


@kernel(Conv2D, FullyConnected, types=(S8W4,), isa="dsp", before=("te_conv2d_s8w4_dsp", "te_pointwise_s8w4_thumb1"))
def te_pointwise_s8w4_dsp(op: MatrixProduct, core: Core) -> Lowered | Because:
    """1x1, int4 weights, core has DSP: 2 filters x 3 pixels with SMLAD."""
    return pointwise_dsp(op, products_s8w4)
