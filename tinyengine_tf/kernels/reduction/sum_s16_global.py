"""SUM and MEAN of int16 over whole images, row by row."""

from __future__ import annotations

from tinyengine_tf.kernels.base import ROW, Because, Lowered, kernel
from tinyengine_tf.kernels.reduction.gathered import NOT_GLOBAL, gathered, sum_args, sums_globally
from tinyengine_tf.kernels.types import S16
from tinyengine_tf.ops.reduce import Mean, Sum
from tinyengine_tf.target import Core


@kernel(Sum, Mean, types=(S16,), before=("te_sum_s16",))
def te_sum_s16_global(op: Sum, core: Core) -> Lowered | Because:
    """Over whole images: rows are added up as they come."""
    return gathered(op, "reduction/global_sum.c.j2", (*sum_args(op), ROW)) if sums_globally(op) else NOT_GLOBAL
