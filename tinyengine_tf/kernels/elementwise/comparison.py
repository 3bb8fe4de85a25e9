"""Comparisons, logic and selection: elementwise, with as few nested loops as the broadcast needs."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.class_kernel import class_kernel
from tinyengine_tf.kernels.elementwise.broadcast import BroadcastKernel
from tinyengine_tf.ops.comparison import HEADROOM_BITS, Comparison
from tinyengine_tf.ops.select import Select

OPERATORS = {
    "EQUAL": "==",
    "NOT_EQUAL": "!=",
    "GREATER": ">",
    "GREATER_EQUAL": ">=",
    "LESS": "<",
    "LESS_EQUAL": "<=",
    "LOGICAL_AND": "&",
    "LOGICAL_OR": "|",
}


@class_kernel
class ComparisonPortable(BroadcastKernel):
    name = "te_comparison"
    ops = (Comparison,)
    why = "portable C, operands of different scales in real numbers as TFLM rounds them"
    template = "elementwise/comparison.c.j2"
    needs = ("requantize",)

    def params(self, op: Comparison, units: int) -> dict[str, Any]:
        return {
            **self.loop_params(op, units),
            "function": op.function,
            "operator": OPERATORS[op.function],
            "zeros": [t.zero_point for t in (op.a, op.b)] if op.multipliers else (),
            "multipliers": op.multipliers,
            "unit": 1 << HEADROOM_BITS,
        }


@class_kernel
class SelectPortable(BroadcastKernel):
    name = "te_select"
    ops = (Select,)
    why = "portable C, values as they are stored"
    template = "elementwise/select.c.j2"

    def params(self, op: Select, units: int) -> dict[str, Any]:
        return self.loop_params(op, units)
