"""Constant tables and sums of convolutions and fully-connected layers with int16 data and int8 weights (16x8).

TFLM sums in 64 bits beside an int64 bias, and in 32 beside an int32 one. The width that kernels sum in is another
question: 32 bits wherever the weights prove that no partial sum leaves them. How a sum becomes an output is TFLM's
definition, whatever it was summed in (see ops.fixedpoint).
"""

from __future__ import annotations

import numpy as np

from tinyengine_tf.kernels.base import Table
from tinyengine_tf.kernels.dense.weighted import requantize_tables, weights_table
from tinyengine_tf.ops.conv2d import WeightedOp
from tinyengine_tf.ops.fixedpoint import short_mantissa

NEEDS = ("requantize", "requantize_wide", "dot_s16")


def sums_fit_32(op: WeightedOp) -> bool:
    return int(op.largest_sums.max(initial=0)) < 2**31


def tables(op: WeightedOp) -> tuple[Table, ...]:
    """Weights as they are in the file, the bias as wide as sums are, what `narrow` takes."""
    n = op.out_channels
    bias = Table("bias", sum_type(op), n, lambda: op.bias_values)
    if not op.wide:
        return weights_table(op), bias, *requantize_tables(op)
    return (
        weights_table(op),
        bias,
        Table("mantissa", "int16_t", n, lambda: np.array([short_mantissa(m) for m in op.multipliers], np.int64)),
        Table("shift", "int8_t", n, lambda: np.array([15 - m.shift for m in op.multipliers], np.int64)),
    )


def sum_type(op: WeightedOp) -> str:
    return "int32_t" if sums_fit_32(op) else "int64_t"


def sum_params(op: WeightedOp) -> dict[str, str]:
    """What templates ask: the types of sums and mantissas, the functions that make sums and outputs."""
    return {
        "sum_type": sum_type(op),
        "dot": "te_dot_s16" if sums_fit_32(op) else "te_dot_s16_wide",
        "mantissa_type": "int16_t" if op.wide else "int32_t",
        "narrow": "te_requantize_wide" if op.wide else "te_requantize",
    }
