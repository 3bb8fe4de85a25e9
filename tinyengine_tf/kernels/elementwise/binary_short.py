"""ADD, SUB and MUL of int8 tensors in C, requantised proven equal to TFLM for all pairs as in binary_dsp.py.

The operand whose multiplier m is not one half takes two short products instead of a long one: of v, nine bits, TFLM
computes floor((2**21 v m + 2**31) / 2**32) = floor((v m + 2**10) / 2**11), which is

    v floor(m / 2**11) + floor((v (m mod 2**11) + 2**10) / 2**11)
"""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.arithmetic.fast_requantize import Requantization
from tinyengine_tf.kernels.base import Table
from tinyengine_tf.kernels.class_kernel import class_kernel
from tinyengine_tf.kernels.elementwise.binary import BinaryLoops
from tinyengine_tf.kernels.elementwise.binary_dsp import rounding, solve, split
from tinyengine_tf.kernels.elementwise.broadcast import loop_counts
from tinyengine_tf.ops.binary import Binary
from tinyengine_tf.target import Core


@class_kernel
class BinaryShort(BinaryLoops):
    name = "te_binary_s8_short"
    why = "one long product per element, proven equal to TFLM for all pairs of operands"
    template = "elementwise/binary_short.c.j2"
    needs = ("short_requantize",)
    rank = 5

    def rejects(self, op: Binary, core: Core) -> str | None:
        if op.function not in ("ADD", "SUB", "MUL") or not op.needs_scales:
            return "not an ADD, SUB or MUL of int8"
        if op.a.const or op.b.const:
            return "an operand is constant"
        if op.loops[-1].strides != (1, 1) or len(op.loops) > 2:
            return "operands are not read side by side"
        found = solve(op)
        return found if isinstance(found, str) else None

    def tables(self, op: Binary) -> tuple[Table, ...]:
        return ()

    def params(self, op: Binary, units: int) -> dict[str, Any]:
        rq = solve(op)
        assert isinstance(rq, Requantization) and rq.tail is not None, rq
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


@class_kernel
class BinaryThumb1(BinaryShort):
    name = "te_binary_s8_thumb1"
    why = "Armv6-M: products of 32 bits only, proven equal to TFLM for all pairs of operands"
    needs = ("short_requantize_thumb1",)
    rank = 6

    def rejects(self, op: Binary, core: Core) -> str | None:
        return super().rejects(op, core) if core.is_thumb1 else "the core is not Armv6-M"
