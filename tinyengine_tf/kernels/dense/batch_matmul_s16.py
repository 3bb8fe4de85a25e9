"""BATCH_MATMUL of int16 in portable C."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Code, Lowered, Table, kernel
from tinyengine_tf.kernels.dense.batch_matmul import matmul_params
from tinyengine_tf.kernels.types import S16
from tinyengine_tf.ops.batch_matmul import BatchMatMul
from tinyengine_tf.ops.fixedpoint import short_mantissa
from tinyengine_tf.target import Core


@kernel(BatchMatMul, types=(S16,))
def te_batch_matmul_s16(op: BatchMatMul, core: Core) -> Lowered:
    """Portable C, any stacks of matrices, sums of 64 bits."""
    return Lowered(
        Code("dense/batch_matmul_s16.c.j2", lambda units: matmul_params(op), ("requantize", "requantize_wide")),
        tables=tuple(Table.of(name, t) for name, t in (("x", op.x), ("y", op.y)) if t.const),
        args=(short_mantissa(op.multiplier), 15 - op.multiplier.shift),
    )
