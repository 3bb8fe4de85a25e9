"""Matrix products over pixels of int16 data in portable C."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Because, Code, Layout, Lowered, RowWindow, kernel
from tinyengine_tf.kernels.dense.matrix_product import MatrixProduct, not_pointwise, pixels_of
from tinyengine_tf.kernels.dense.weighted import depth
from tinyengine_tf.kernels.dense.weighted_s16 import NEEDS, sum_params, tables
from tinyengine_tf.kernels.types import S16
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.target import Core


@kernel(Conv2D, FullyConnected, types=(S16,), before=("te_conv2d_s16",))
def te_pointwise_s16(op: MatrixProduct, core: Core) -> Lowered | Because:
    """1x1: the whole tensor is one long row."""
    if (reason := not_pointwise(op)) is not None:
        return reason

    def params(units: int) -> dict[str, Any]:
        return {**sum_params(op), "pixels": units, "in_channels": depth(op), "out_channels": op.out_channels}

    layout = Layout((RowWindow(),), flat=pixels_of(op), hold=1)
    return Lowered(Code("dense/pointwise_s16.c.j2", params, NEEDS), layout, tables(op), op.clamp)
