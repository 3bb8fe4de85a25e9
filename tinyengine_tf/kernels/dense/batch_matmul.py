"""BATCH_MATMUL in portable C."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Code, Lowered, Table, kernel
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.batch_matmul import BatchMatMul
from tinyengine_tf.target import Core


@kernel(BatchMatMul, types=(S8,))
def te_batch_matmul_s8(op: BatchMatMul, core: Core) -> Lowered:
    """Portable C, any stacks of matrices."""
    m = op.multiplier
    return Lowered(
        Code("dense/batch_matmul.c.j2", lambda units: matmul_params(op), ("requantize",)),
        tables=tuple(Table.of(name, t) for name, t in (("x", op.x), ("y", op.y)) if t.const),
        args=(op.x.zero_point, op.y.zero_point, m.mantissa, m.shift, op.output.zero_point),
    )


def matmul_params(op: BatchMatMul) -> dict[str, Any]:
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
