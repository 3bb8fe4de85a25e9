"""AVERAGE_POOL_2D of int16 data over whole images, row by row."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.reduction.gathered import NOT_GLOBAL, average_args, averages_globally, gathered
from tinyengine_tf.kernels.types import S16
from tinyengine_tf.ops.pool2d import AveragePool2D
from tinyengine_tf.target import Core


@kernel(AveragePool2D, types=(S16,), before=("te_average_pool_2d_s16",))
def te_average_pool_2d_s16_global(op: AveragePool2D, core: Core) -> Lowered | Because:
    """Over whole images: rows are added up as they come."""
    return gathered(op, "reduction/global_sum.c.j2", average_args(op)) if averages_globally(op) else NOT_GLOBAL
