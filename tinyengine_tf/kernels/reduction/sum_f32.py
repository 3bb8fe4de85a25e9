"""SUM and MEAN in float32 over any dimensions, in portable C."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Code, Layout, Lowered, kernel
from tinyengine_tf.kernels.reduction.loops import loops_of, reduce_distance
from tinyengine_tf.kernels.types import F32
from tinyengine_tf.ops.float_reduce import FloatMean, FloatSum
from tinyengine_tf.target import Core


@kernel(FloatSum, FloatMean, types=(F32,))
def te_sum_f32(op: FloatSum, core: Core) -> Lowered:
    """Any dimensions, one output element after the other."""
    divisor = op.count if isinstance(op, FloatMean) else 1
    code = Code("reduction/sum_f32.c.j2", lambda units: {**loops_of(op), "divisor": divisor})
    return Lowered(code, Layout(distances=(reduce_distance(op),)))
