"""MEAN, SUM, REDUCE_MAX and REDUCE_MIN in portable C."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Layout
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.ops.reduce import Mean, Reduce, ReduceMax, ReduceMin, Sum


class ReducePortable(ClassKernel):
    def layout(self, op: Reduce) -> Layout:
        kept, reduced = op.loops
        # Output c is written when channel c of all pixels has been read, and channels after c lie after it.
        return Layout(distances=(reduce_distance(op),))

    def params(self, op: Reduce, units: int) -> dict[str, Any]:
        kept, reduced = op.loops
        return {"kept": kept, "reduced": reduced or ((1, 0),)}


def reduce_distance(op: Reduce) -> int:
    """max(t - first source of t) over output elements t, in bytes of int8."""
    ahead, step = 0, op.output.elements
    for size, stride in op.loops[0]:
        step //= size
        ahead += max(0, (size - 1) * (step - stride))
    return ahead


@class_kernel
class SumPortable(ReducePortable):
    name = "te_sum_s8"
    ops = (Sum, Mean)
    why = "any dimensions, one output element after the other"
    template = "reduction/sum.c.j2"
    needs = ("requantize",)

    def args(self, op: Sum) -> tuple[str, ...]:
        m = op.multiplier
        return (str(-op.count * op.input.zero_point), str(m.mantissa), str(m.shift), str(op.output.zero_point))


@class_kernel
class ExtremePortable(ReducePortable):
    name = "te_reduce_extreme_s8"
    ops = (ReduceMax, ReduceMin)
    why = "any dimensions, one output element after the other"
    template = "reduction/reduce_extreme.c.j2"

    def params(self, op: Reduce, units: int) -> dict[str, Any]:
        largest = isinstance(op, ReduceMax)
        return {**super().params(op, units), "start": -128 if largest else 127, "sign": ">" if largest else "<"}
