"""AVERAGE_POOL_2D over whole images with Helium, row by row."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.reduction.gathered import NOT_GLOBAL, average_args, averages_globally
from tinyengine_tf.kernels.reduction.gathered_mve import gathered_mve
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.pool2d import AveragePool2D
from tinyengine_tf.target import Core


@kernel(AveragePool2D, types=(S8,), isa="mve", before=("te_average_pool_2d_s8_mve",))
def te_average_pool_2d_s8_global_mve(op: AveragePool2D, core: Core) -> Lowered | Because:
    """Over whole images, core has Helium: eight channels of a row at once."""
    return gathered_mve(op, average_args(op)) if averages_globally(op) else NOT_GLOBAL
