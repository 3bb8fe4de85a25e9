"""Constant tables that convolutions and fully-connected layers share, and the sizes of their products."""

from __future__ import annotations

import numpy as np

from tinyengine_tf.ir import Tensor
from tinyengine_tf.kernels.base import Array, Table
from tinyengine_tf.ops.conv2d import WeightedOp


def depth(op: WeightedOp) -> int:
    """Products of one output."""
    return op.weights.elements // op.out_channels


def by_filter(weights: Tensor, channel_axis: int) -> Array:
    """int64 weights [output channels, products of one output]."""
    filters: Array = np.moveaxis(weights.values.astype(np.int64), channel_axis, 0)
    return filters.reshape(len(filters), -1)


def folded_bias(op: WeightedOp) -> Array:
    """bias - zero_point * sum of weights, so that kernels multiply raw inputs.

    Exact because padding is filled with the zero point. `no_overflow` has bounded it to 32 bits.
    """
    folded: Array = op.bias_values - op.input.zero_point * by_filter(op.weights, op.CHANNEL_AXIS).sum(axis=1)
    return folded


def plain_tables(op: WeightedOp) -> tuple[Table, ...]:
    """Weights as they are in the file, the folded bias, the output multipliers."""
    bias = Table("bias", "int32_t", op.out_channels, lambda: folded_bias(op))
    return weights_table(op), bias, *requantize_tables(op)


def weights_table(op: WeightedOp) -> Table:
    """The weights as they are in the file."""
    return Table("weights", "int8_t", op.weights.elements, lambda: op.weights.values.reshape(-1))


def requantize_tables(op: WeightedOp) -> tuple[Table, Table]:
    """Mantissas and shifts of the output multipliers, per channel (see ops.fixedpoint)."""
    n = op.out_channels
    return (
        Table("mantissa", "int32_t", n, lambda: np.array([m.mantissa for m in op.multipliers], np.int64)),
        Table("shift", "int8_t", n, lambda: np.array([m.shift for m in op.multipliers], np.int64)),
    )


def clamp_args(op: WeightedOp) -> tuple[int, int, int]:
    """Output zero point and clamp, the last arguments of these kernels."""
    return op.output.zero_point, op.clamp[0], op.clamp[1]
