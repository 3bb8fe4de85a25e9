"""Matrix products over pixels in portable C."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Code, Layout, Lowered, RowWindow, kernel
from tinyengine_tf.kernels.dense.matrix_product import MatrixProduct, not_pointwise, pixels_of
from tinyengine_tf.kernels.dense.weighted import clamp_args, depth, plain_tables
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.target import Core


@kernel(Conv2D, FullyConnected, types=(S8,), before=("te_conv2d_s8", "te_fully_connected_s8_asymmetric"))
def te_pointwise_s8(op: MatrixProduct, core: Core) -> Lowered | Because:
    """1x1: the whole tensor is one long row."""
    if (reason := not_pointwise(op)) is not None:
        return reason

    def params(units: int) -> dict[str, int]:
        return {"pixels": units, "in_channels": depth(op), "out_channels": op.out_channels}

    return Lowered(
        Code("dense/pointwise.c.j2", params, ("requantize", "dot")),
        Layout((RowWindow(),), flat=pixels_of(op), hold=1),
        plain_tables(op),
        clamp_args(op),
    )
