"""SUM and MEAN in float32 over whole images, row by row."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.reduction.gathered import NOT_GLOBAL
from tinyengine_tf.kernels.reduction.gathered_f32 import gathered_f32
from tinyengine_tf.kernels.types import F32
from tinyengine_tf.ops.float_reduce import FloatMean, FloatSum
from tinyengine_tf.target import Core


@kernel(FloatSum, FloatMean, types=(F32,), before=("te_sum_f32",))
def te_sum_f32_global(op: FloatSum, core: Core) -> Lowered | Because:
    """Over whole images: rows are added up as they come."""
    if len(op.input.shape) != 4 or op.axes != {1, 2}:
        return NOT_GLOBAL
    return gathered_f32(op, op.count if isinstance(op, FloatMean) else 1)
