"""ADD_N and CUMSUM: plain sums, of int8 requantised once per output element."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Layout
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.kernels.elementwise.broadcast import BroadcastKernel
from tinyengine_tf.ops.running_sum import HEADROOM_BITS, AddN, CumSum, RunningSum


def sum_params(op: RunningSum) -> dict[str, Any]:
    """`first` is where a sum starts; `multiplier` is None for floats."""
    if op.is_float:
        return {"ctype": "float", "multiplier": None, "zero": 0, "first": "0.0f"}
    return {
        "ctype": "int32_t",
        "multiplier": op.multiplier,
        "unit": 1 << HEADROOM_BITS,
        "zero": op.input.zero_point,
        "first": str(-op.input.zero_point),
        "out_zero": op.output.zero_point,
    }


@class_kernel
class AddNPortable(BroadcastKernel):
    name = "te_add_n"
    ops = (AddN,)
    why = "one requantisation per element"
    template = "elementwise/add_n.c.j2"
    needs = ("requantize",)

    def params(self, op: AddN, units: int) -> dict[str, Any]:
        return {**self.loop_params(op, units), **sum_params(op)}


@class_kernel
class CumSumPortable(ClassKernel):
    """Whole tensors; every element is read just before the output at its place is written, in ascending order only
    where terms are neighbours and summed from the first."""

    name = "te_cumsum"
    ops = (CumSum,)
    why = "one pass along the axis"
    template = "reduction/cumsum.c.j2"
    needs = ("requantize",)

    def layout(self, op: CumSum) -> Layout:
        ascending = op.inner == 1 and not op.reverse
        return Layout(distances=(0,)) if ascending else Layout(in_place=True)

    def params(self, op: CumSum, units: int) -> dict[str, Any]:
        step = -op.inner if op.reverse else op.inner
        return {
            **sum_params(op),
            "type": op.output.dtype.c,
            "outer": op.input.elements // (op.inner * op.terms),
            "inner": op.inner,
            "size": op.terms,
            "step": step,
            "start": (op.terms - 1) * op.inner if op.reverse else 0,
            "exclusive": op.exclusive,
        }
