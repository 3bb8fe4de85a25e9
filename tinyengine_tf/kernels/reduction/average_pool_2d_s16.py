"""AVERAGE_POOL_2D of int16 data in portable C, one output row per call."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Lowered, kernel
from tinyengine_tf.kernels.reduction.pool import pool_by_rows
from tinyengine_tf.kernels.types import S16
from tinyengine_tf.ops.pool2d import AveragePool2D
from tinyengine_tf.target import Core


@kernel(AveragePool2D, types=(S16,))
def te_average_pool_2d_s16(op: AveragePool2D, core: Core) -> Lowered:
    """Portable C, any window."""
    return pool_by_rows(op, "reduction/average_pool_2d.c.j2")
