"""Constant tables that convolutions and fully-connected layers share."""

from __future__ import annotations

import numpy as np

from tinyengine_tf.kernels.base import Table
from tinyengine_tf.ops.conv2d import WeightedOp


def folded_bias(op: WeightedOp) -> np.ndarray:
    """bias - zero_point * sum of weights, so that kernels multiply raw inputs.

    Exact because padding is filled with the zero point. `no_overflow` has bounded it to 32 bits.
    """
    axis = op.CHANNEL_AXIS % op.weights.values.ndim
    others = tuple(i for i in range(op.weights.values.ndim) if i != axis)
    return op.bias_values - op.input.zero_point * op.weights.values.astype(np.int64).sum(axis=others)


def weights_table(op: WeightedOp) -> Table:
    """The weights as they are in the file."""
    return Table("weights", "int8_t", op.weights.elements, lambda: op.weights.values.reshape(-1))


def bias_table(op: WeightedOp) -> Table:
    return Table("bias", "int32_t", op.out_channels, lambda: folded_bias(op))


def requantize_tables(op: WeightedOp) -> tuple[Table, Table]:
    """Mantissas and shifts of the output multipliers, per channel (see ops.fixedpoint)."""
    n = op.out_channels
    return (
        Table("mantissa", "int32_t", n, lambda: np.array([m.mantissa for m in op.multipliers], np.int64)),
        Table("shift", "int8_t", n, lambda: np.array([m.shift for m in op.multipliers], np.int64)),
    )


def clamp_args(op: WeightedOp) -> tuple[str, ...]:
    """Output zero point and clamp, the last arguments of these kernels."""
    return (str(op.output.zero_point), str(op.clamp[0]), str(op.clamp[1]))
