"""BATCH_MATMUL in float32 and portable C."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Code, Lowered, Table, kernel
from tinyengine_tf.kernels.types import F32
from tinyengine_tf.ops.float_batch_matmul import FloatBatchMatMul
from tinyengine_tf.target import Core


@kernel(FloatBatchMatMul, types=(F32,))
def te_batch_matmul_f32(op: FloatBatchMatMul, core: Core) -> Lowered:
    """Portable C, any stacks of matrices."""
    params = {
        "stacks": op.stacks,
        "rows": op.rows,
        "columns": op.columns,
        "depth": op.depth,
        "x_const": op.x.const,
        "y_const": op.y.const,
        "x_strides": (1, op.rows) if op.adjoint_x else (op.depth, 1),
        "y_strides": (1, op.depth) if op.adjoint_y else (op.columns, 1),
    }
    tables = tuple(Table.of(name, t) for name, t in (("x", op.x), ("y", op.y)) if t.const)
    return Lowered(Code("dense/batch_matmul_f32.c.j2", lambda units: params), tables=tables)
