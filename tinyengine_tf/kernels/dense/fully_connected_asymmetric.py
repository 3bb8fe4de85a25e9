"""FULLY_CONNECTED whose weights have a zero point; all others are matrix products over pixels."""

from __future__ import annotations

import numpy as np

from tinyengine_tf.kernels.base import Array, Because, Code, Layout, Lowered, RowWindow, Table, kernel
from tinyengine_tf.kernels.dense.matrix_product import pixels_of
from tinyengine_tf.kernels.dense.weighted import clamp_args, requantize_tables
from tinyengine_tf.kernels.types import S8, S8W4
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.target import Core


@kernel(FullyConnected, types=(S8, S8W4), before=("te_fully_connected_s8w4_mve",))
def te_fully_connected_s8_asymmetric(op: FullyConnected, core: Core) -> Lowered | Because:
    """Weights with a zero point, stored as 16-bit differences."""
    if not op.weights_zero_point:
        return Because("the weights have no zero point")

    def params(units: int) -> dict[str, int]:
        return {"pixels": units, "in_channels": op.depth, "out_channels": op.out_channels}

    return Lowered(
        Code("dense/fully_connected_asymmetric.c.j2", params, ("requantize",)),
        Layout((RowWindow(),), flat=pixels_of(op), hold=1),
        _tables(op),
        clamp_args(op),
    )


def _tables(op: FullyConnected) -> tuple[Table, ...]:
    def weights() -> Array:
        differences: Array = op.weights.values.reshape(-1).astype(np.int64) - op.weights_zero_point
        return differences

    def bias() -> Array:
        sums = weights().reshape(op.out_channels, op.depth).sum(axis=1)
        folded: Array = op.bias_values - op.input.zero_point * sums
        return folded

    return (
        Table("weights", "int16_t", op.weights.elements, weights),
        Table("bias", "int32_t", op.out_channels, bias),
        *requantize_tables(op),
    )
