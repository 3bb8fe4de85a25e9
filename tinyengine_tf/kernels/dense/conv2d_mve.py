"""CONV_2D with Helium: windows of up to three pixels are gathered into scratch memory, then it is a matrix product."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.dense.windows_mve import windows_mve
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.target import Core


@kernel(Conv2D, types=(S8,), isa="mve", before=("te_fully_connected_s8_dsp",))
def te_conv2d_s8_mve(op: Conv2D, core: Core) -> Lowered | Because:
    """Core has Helium: windows are gathered, then 2 filters x 3 pixels, 16 products each at once."""
    return windows_mve(op)
