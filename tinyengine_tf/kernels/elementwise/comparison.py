"""Comparisons and logic: elementwise, with as few nested loops as the broadcast needs."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.base import Lowered, kernel
from tinyengine_tf.kernels.elementwise.broadcast import broadcast
from tinyengine_tf.kernels.types import Types
from tinyengine_tf.ops.comparison import HEADROOM_BITS, NUMBERS, Comparison
from tinyengine_tf.target import Core

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


@kernel(Comparison, types=(Types(data=(*NUMBERS, DType.BOOL), out=(DType.BOOL,)),))
def te_comparison(op: Comparison, core: Core) -> Lowered:
    """Portable C, operands of different scales in real numbers as TFLM rounds them."""
    return broadcast(op, "elementwise/comparison.c.j2", lambda: _params(op), ("requantize",))


def _params(op: Comparison) -> dict[str, Any]:
    return {
        "function": op.function,
        "operator": OPERATORS[op.function],
        "zeros": [t.zero_point for t in (op.a, op.b)] if op.multipliers else (),
        "multipliers": op.multipliers,
        "unit": 1 << HEADROOM_BITS,
    }
