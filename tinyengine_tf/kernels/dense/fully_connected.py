"""FULLY_CONNECTED whose weights have a zero point; all others are pointwise products (pointwise.py)."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyengine_tf.kernels.base import Layout, RowWindow, Table
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.kernels.dense.weighted import clamp_args, requantize_tables
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.target import Core


@class_kernel
class FullyConnectedAsymmetric(ClassKernel):
    name = "te_fully_connected_s8_asymmetric"
    ops = (FullyConnected,)
    why = "weights with a zero point, stored as 16-bit differences"
    template = "dense/fully_connected_asymmetric.c.j2"
    needs = ("requantize",)

    def rejects(self, op: FullyConnected, core: Core) -> str | None:
        return None if op.weights_zero_point else "the weights have no zero point"

    def layout(self, op: FullyConnected) -> Layout:
        return Layout((RowWindow(),), flat=op.output.elements // op.out_channels, hold=1)

    def tables(self, op: FullyConnected) -> tuple[Table, ...]:
        def weights() -> np.ndarray:
            return op.weights.values.reshape(-1).astype(np.int64) - op.weights_zero_point

        def bias() -> np.ndarray:
            return op.bias_values - op.input.zero_point * weights().reshape(op.out_channels, op.depth).sum(axis=1)

        return (
            Table("weights", "int16_t", op.weights.elements, weights),
            Table("bias", "int32_t", op.out_channels, bias),
            *requantize_tables(op),
        )

    def params(self, op: FullyConnected, units: int) -> dict[str, Any]:
        return {"pixels": units, "in_channels": op.depth, "out_channels": op.out_channels}

    def args(self, op: FullyConnected) -> tuple[str, ...]:
        return clamp_args(op)
