"""MAX_POOL_2D in float32 and portable C, one output row per call."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Lowered, kernel
from tinyengine_tf.kernels.reduction.pool_f32 import float_pool_by_rows
from tinyengine_tf.kernels.types import F32
from tinyengine_tf.ops.float_pool2d import FloatMaxPool2D
from tinyengine_tf.target import Core


@kernel(FloatMaxPool2D, types=(F32,))
def te_max_pool_2d_f32(op: FloatMaxPool2D, core: Core) -> Lowered:
    """Portable C, any window."""
    return float_pool_by_rows(op, "reduction/max_pool_2d_f32.c.j2")
