"""ADD, SUB and MUL of int8 tensors in C, requantised proven equal to TFLM for all pairs as in binary_dsp.py.

The operand whose multiplier m is not one half takes two short products instead of a long one: of v, nine bits, TFLM
computes floor((2**21 v m + 2**31) / 2**32) = floor((v m + 2**10) / 2**11), which is

    v floor(m / 2**11) + floor((v (m mod 2**11) + 2**10) / 2**11)
"""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.arithmetic.fast_requantize import Requantization
from tinyengine_tf.kernels.base import Because, Code, Lowered, kernel
from tinyengine_tf.kernels.elementwise.binary_dsp import not_run_by_run, rounding, solve, split
from tinyengine_tf.kernels.elementwise.broadcast import broadcast_layout, loop_counts
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.binary import Binary
from tinyengine_tf.target import Core


@kernel(Binary, types=(S8,), before=("te_binary",))
def te_binary_s8_short(op: Binary, core: Core) -> Lowered | Because:
    """One long product per element, proven equal to TFLM for all pairs of operands."""
    return binary_short(op, "short_requantize")


def binary_short(op: Binary, requantize: str) -> Lowered | Because:
    """With one of the requantisations that short_requantize.py describes."""
    found = not_run_by_run(op, 1) or solve(op)
    if isinstance(found, Because):
        return found
    code = Code("elementwise/binary_short.c.j2", lambda units: _params(op, found, units), (requantize,))
    return Lowered(code, broadcast_layout(op))


def _params(op: Binary, rq: Requantization, units: int) -> dict[str, Any]:
    assert rq.tail is not None, rq
    counts = loop_counts(op, units)
    product = op.function == "MUL"
    _, other, m = (0, 0, None) if product else split(op)
    return {
        "function": op.function,
        "product": product,
        "times": counts[0] if len(counts) > 1 else 1,
        "count": counts[-1],
        "steps": op.loops[0].strides if len(counts) > 1 else (0, 0),
        "zeros": [literal(op.a.zero_point), literal(op.b.zero_point)],
        "signs": (1, -1 if op.function == "SUB" else 1),
        "other": other,
        "m": m,
        "rounding": rounding(m) if m else 0,
        "mantissa": int(rq.mantissas[0]),
        "constant": literal((rq.factor << rq.tail) + rq.half),
        "signed": rq.signed,
        "tail": rq.tail,
        "bits": rq.bits,
        "low": rq.low,
        "high": rq.high,
    }


def literal(value: int) -> str:
    """A number that may stand after an operator."""
    return f"({value})" if value < 0 else str(value)
