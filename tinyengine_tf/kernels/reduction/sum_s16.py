"""SUM and MEAN of int16 over any dimensions, in portable C."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Code, Layout, Lowered, kernel
from tinyengine_tf.kernels.reduction.gathered import sum_args
from tinyengine_tf.kernels.reduction.loops import loop_params, reduce_distance
from tinyengine_tf.kernels.types import S16
from tinyengine_tf.ops.reduce import Mean, Sum
from tinyengine_tf.target import Core


@kernel(Sum, Mean, types=(S16,))
def te_sum_s16(op: Sum, core: Core) -> Lowered:
    """Any dimensions, one output element after the other."""
    code = Code("reduction/sum.c.j2", lambda units: loop_params(op), ("requantize",))
    return Lowered(code, Layout(distances=(reduce_distance(op),)), args=sum_args(op))
