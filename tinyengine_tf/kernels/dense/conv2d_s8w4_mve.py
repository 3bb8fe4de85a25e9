"""CONV_2D with Helium, weights of four bits: windows are gathered, then it is a matrix product."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.dense.nibbles_mve import NIBBLES
from tinyengine_tf.kernels.dense.windows_mve import windows_mve
from tinyengine_tf.kernels.types import S8W4
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.target import Core


@kernel(Conv2D, types=(S8W4,), isa="mve", before=("te_pointwise_s8w4_dsp",))
def te_conv2d_s8w4_mve(op: Conv2D, core: Core) -> Lowered | Because:
    """Int4 weights, core has Helium: windows are gathered, then 2 filters x 3 pixels, 16 products each at once."""
    return windows_mve(op, NIBBLES)
