"""Matrix products over pixels in portable C, weights of four bits: 1x1 convolutions and fully-connected layers."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Code, Layout, Lowered, RowWindow, kernel
from tinyengine_tf.kernels.dense.matrix_product import MatrixProduct, not_pointwise, pixels_of
from tinyengine_tf.kernels.dense.packed_filters import packed_filter_tables
from tinyengine_tf.kernels.dense.weighted import clamp_args, depth
from tinyengine_tf.kernels.nibbles import packed_bytes
from tinyengine_tf.kernels.types import S8W4
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.target import Core


@kernel(Conv2D, FullyConnected, types=(S8W4,), before=("te_conv2d_s8w4",))
def te_pointwise_s8w4(op: MatrixProduct, core: Core) -> Lowered | Because:
    """1x1, int4 weights: the whole tensor is one long row."""
    if (reason := not_pointwise(op)) is not None:
        return reason

    def params(units: int) -> dict[str, int]:
        filter_bytes = packed_bytes(1, depth(op))
        return {
            "pixels": units,
            "in_channels": depth(op),
            "out_channels": op.out_channels,
            "filter_bytes": filter_bytes,
        }

    return Lowered(
        Code("dense/pointwise_s8w4.c.j2", params, ("requantize", "dot_s8w4")),
        Layout((RowWindow(),), flat=pixels_of(op), hold=1),
        packed_filter_tables(op),
        clamp_args(op),
    )
