"""AVERAGE_POOL_2D in float32 over whole images, row by row."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.reduction.gathered import NOT_GLOBAL
from tinyengine_tf.kernels.reduction.gathered_f32 import gathered_f32
from tinyengine_tf.kernels.types import F32
from tinyengine_tf.ops.float_pool2d import FloatAveragePool2D
from tinyengine_tf.target import Core


@kernel(FloatAveragePool2D, types=(F32,), before=("te_average_pool_2d_f32",))
def te_average_pool_2d_f32_global(op: FloatAveragePool2D, core: Core) -> Lowered | Because:
    """Over whole images: rows are added up as they come."""
    if op.window.kernel != op.image or op.out_image != (1, 1) or op.reads_padding:
        return NOT_GLOBAL
    return gathered_f32(op, op.image.h * op.image.w, op.clamp)
