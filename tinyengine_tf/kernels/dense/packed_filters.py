"""The tables of portable kernels whose weights have four bits: each filter in bytes of its own."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Table
from tinyengine_tf.kernels.dense.weighted import by_filter, depth, folded_bias, requantize_tables
from tinyengine_tf.kernels.nibbles import packed_table
from tinyengine_tf.ops.conv2d import WeightedOp


def packed_filter_tables(op: WeightedOp) -> tuple[Table, ...]:
    """Weights filter by filter, the folded bias, the output multipliers."""
    weights = packed_table("weights", op.out_channels, depth(op), lambda: by_filter(op.weights, op.CHANNEL_AXIS))
    bias = Table("bias", "int32_t", op.out_channels, lambda: folded_bias(op))
    return weights, bias, *requantize_tables(op)
