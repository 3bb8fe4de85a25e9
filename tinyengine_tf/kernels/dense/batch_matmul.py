"""BATCH_MATMUL in portable C."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Layout, Table
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.ops.batch_matmul import BatchMatMul


@class_kernel
class BatchMatMulPortable(ClassKernel):
    name = "te_batch_matmul_s8"
    ops = (BatchMatMul,)
    why = "portable C, any stacks of matrices"
    template = "dense/batch_matmul.c.j2"
    needs = ("requantize",)

    def layout(self, op: BatchMatMul) -> Layout:
        return Layout()

    def tables(self, op: BatchMatMul) -> tuple[Table, ...]:
        return tuple(Table.of(name, t) for name, t in (("x", op.x), ("y", op.y)) if t.const)

    def params(self, op: BatchMatMul, units: int) -> dict[str, Any]:
        return {
            "stacks": op.stacks,
            "rows": op.rows,
            "columns": op.columns,
            "depth": op.depth,
            "x_const": op.x.const,
            "y_const": op.y.const,
            "x_strides": (1, op.rows) if op.adjoint_x else (op.depth, 1),
            "y_strides": (1, op.depth) if op.adjoint_y else (op.columns, 1),
        }

    def args(self, op: BatchMatMul) -> tuple[str, ...]:
        m = op.multiplier
        return (str(op.x.zero_point), str(op.y.zero_point), str(m.mantissa), str(m.shift), str(op.output.zero_point))
