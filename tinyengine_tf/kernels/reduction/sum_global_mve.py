"""SUM and MEAN over whole images with Helium, row by row."""

from __future__ import annotations

from tinyengine_tf.kernels.base import ROW, Because, Lowered, kernel
from tinyengine_tf.kernels.reduction.gathered import NOT_GLOBAL, sum_args, sums_globally
from tinyengine_tf.kernels.reduction.gathered_mve import gathered_mve
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.reduce import Mean, Sum
from tinyengine_tf.target import Core


@kernel(Sum, Mean, types=(S8,), isa="mve", before=("te_sum_s8_mve",))
def te_sum_s8_global_mve(op: Sum, core: Core) -> Lowered | Because:
    """Over whole images, core has Helium: eight channels of a row at once."""
    return gathered_mve(op, (*sum_args(op), ROW)) if sums_globally(op) else NOT_GLOBAL
