"""REDUCE_MAX and REDUCE_MIN over any dimensions, in portable C."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Code, Layout, Lowered, kernel
from tinyengine_tf.kernels.reduction.loops import loop_params, reduce_distance
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.reduce import Reduce, ReduceMax, ReduceMin
from tinyengine_tf.target import Core


@kernel(ReduceMax, ReduceMin, types=(S8,))
def te_reduce_extreme_s8(op: Reduce, core: Core) -> Lowered:
    """Any dimensions, one output element after the other."""
    code = Code("reduction/reduce_extreme.c.j2", lambda units: _params(op))
    return Lowered(code, Layout(distances=(reduce_distance(op),)))


def _params(op: Reduce) -> dict[str, Any]:
    largest = isinstance(op, ReduceMax)
    return {**loop_params(op), "start": -128 if largest else 127, "sign": ">" if largest else "<"}
