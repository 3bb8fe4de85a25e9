"""ADD_N: any number of operands, of int8 requantised once per output element."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.class_kernel import class_kernel
from tinyengine_tf.kernels.elementwise.broadcast import BroadcastKernel
from tinyengine_tf.kernels.reduction.running_sum import SUMMED, sum_params
from tinyengine_tf.ops.running_sum import AddN


@class_kernel
class AddNPortable(BroadcastKernel):
    name = "te_add_n"
    ops = (AddN,)
    types = SUMMED
    why = "one requantisation per element"
    template = "elementwise/add_n.c.j2"
    needs = ("requantize",)

    def params(self, op: AddN, units: int) -> dict[str, Any]:
        return {**self.loop_params(op, units), **sum_params(op)}
