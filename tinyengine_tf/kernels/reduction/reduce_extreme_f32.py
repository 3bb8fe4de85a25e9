"""REDUCE_MAX and REDUCE_MIN in float32 over any dimensions, in portable C."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Code, Layout, Lowered, kernel
from tinyengine_tf.kernels.reduction.loops import loops_of, reduce_distance
from tinyengine_tf.kernels.types import F32
from tinyengine_tf.ops.float_clamp import FLOAT_MAX
from tinyengine_tf.ops.float_reduce import FloatReduce, FloatReduceMax, FloatReduceMin
from tinyengine_tf.target import Core


@kernel(FloatReduceMax, FloatReduceMin, types=(F32,))
def te_reduce_extreme_f32(op: FloatReduce, core: Core) -> Lowered:
    """Any dimensions, one output element after the other."""
    largest = isinstance(op, FloatReduceMax)

    def params(units: int) -> dict[str, Any]:
        return {
            **loops_of(op),
            "start": -FLOAT_MAX if largest else FLOAT_MAX,
            "sign": ">" if largest else "<",
        }

    code = Code("reduction/reduce_extreme_f32.c.j2", params)
    return Lowered(code, Layout(distances=(reduce_distance(op),)))
