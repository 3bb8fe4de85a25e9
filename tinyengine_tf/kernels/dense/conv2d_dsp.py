"""Dense convolutions with SMLAD: three pixels' windows are widened together, then multiplied as in pointwise_dsp."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.dense.products_dsp import conv2d_dsp
from tinyengine_tf.kernels.dense.products_s8_dsp import products_s8
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.target import Core


@kernel(Conv2D, types=(S8,), isa="dsp", before=("te_pointwise_s8_thumb1",))
def te_conv2d_s8_dsp(op: Conv2D, core: Core) -> Lowered | Because:
    """Core has DSP: 2 filters x 3 pixels with SMLAD."""
    return conv2d_dsp(op, products_s8)
