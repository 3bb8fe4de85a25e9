"""Dense convolutions with SMLAD, weights of four bits: windows are widened, then it is a matrix product."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.dense.products_dsp import conv2d_dsp
from tinyengine_tf.kernels.dense.products_s8w4_dsp import products_s8w4
from tinyengine_tf.kernels.types import S8W4
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.target import Core


@kernel(Conv2D, types=(S8W4,), isa="dsp", before=("te_pointwise_s8w4_thumb1",))
def te_conv2d_s8w4_dsp(op: Conv2D, core: Core) -> Lowered | Because:
    """Int4 weights, core has DSP: 2 filters x 3 pixels with SMLAD."""
    return conv2d_dsp(op, products_s8w4)
