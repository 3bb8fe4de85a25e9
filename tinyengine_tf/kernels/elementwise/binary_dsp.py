"""ADD, SUB and MUL of int8 tensors, four elements a round, requantised in few instructions.

    ADD, SUB   A = 8 (+-(x - zx) 2**19 +- h), where x is the operand whose multiplier is one half and h the other's
               doubling high multiply and rounding shift, in three instructions
    MUL        A = 256 (a - za)(b - zb)

and A is requantised as in fast_requantize.py with j = 3 or 8. `solve` compares all 65536 pairs of operands with TFLM's.

    r0, r1 operands   r2 out   r3 counter   r4, r5 four elements of each   r6, r7 at work   r8... constants

The numbers of a layer, its count among them, are loaded from a table, so that layers whose shifts are equal share a
function.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from tinyengine_tf.kernels.arithmetic.fast_requantize import MAX_TAIL_SHIFT, Requantization, evaluate
from tinyengine_tf.kernels.assembly import in_assembly
from tinyengine_tf.kernels.base import Array, Because, Code, Lowered, kernel
from tinyengine_tf.kernels.elementwise.broadcast import broadcast_layout, loop_counts
from tinyengine_tf.kernels.elementwise.int8_pairs import Int8Pairs, all_pairs
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.machine import flow
from tinyengine_tf.machine.instruction import Instruction, Item
from tinyengine_tf.machine.program import Argument, Function, thumb2_function
from tinyengine_tf.machine.registers import (
    CoreRegister,
    lr,
    r,
    r0,
    r1,
    r2,
    r3,
    r4,
    r5,
    r6,
    r7,
    r8,
    r9,
    r10,
    r11,
    r12,
)
from tinyengine_tf.machine.thumb2 import add, asr, ldm, ldr, ldrsb, mul, smmlar, strb, sub, sxtb
from tinyengine_tf.ops.binary import HEADROOM_BITS, Binary
from tinyengine_tf.ops.fixedpoint import Multiplier
from tinyengine_tf.target import Core

HALF = Multiplier(1 << 30, 0)
SUM_BITS, PRODUCT_BITS = 3, 8
MAX_SUM_TAIL = 31 - SUM_BITS
UNROLLED = 4
SPELT = {UNROLLED: "four"}
ARGUMENTS = (
    Argument("const int8_t *", "a"),
    Argument("const int8_t *", "b"),
    Argument("int8_t *", "out"),
    Argument("const uint32_t *", "numbers"),
)


@kernel(Binary, types=(S8,), isa="dsp", before=("te_binary_s8_thumb1",))
def te_binary_s8_dsp(op: Binary, core: Core) -> Lowered | Because:
    """Core has DSP: four elements a round, requantisation in 3 to 5 instructions."""
    if (reason := not_run_by_run(op, UNROLLED)) is not None:
        return reason
    found = solve(op)
    if isinstance(found, Because):
        return found
    return Lowered(Code("elementwise/binary_dsp.c.j2", lambda units: _params(op, units)), broadcast_layout(op))


def not_run_by_run(op: Binary, shortest: int) -> Because | None:
    """Why the operands are not two computed int8 tensors read side by side in runs of at least `shortest` elements."""
    if op.function not in ("ADD", "SUB", "MUL") or not op.needs_scales:
        return Because("not an ADD, SUB or MUL of int8")
    if op.a.const or op.b.const:
        return Because("an operand is constant")
    if op.loops[-1].strides != (1, 1) or op.loops[-1].count < shortest or len(op.loops) > 2:
        several = f", {SPELT[shortest]} or more at a time" if shortest > 1 else ""
        return Because("operands are not read side by side" + several)
    return None


def _params(op: Binary, units: int) -> dict[str, Any]:
    counts = loop_counts(op, units)
    code, rest = RunCode(op, counts[-1]), counts[-1] % UNROLLED
    return {
        "function": op.function,
        "times": counts[0] if len(counts) > 1 else 1,
        "count": counts[-1],
        "steps": op.loops[0].strides if len(counts) > 1 else (0, 0),
        "numbers": code.numbers(),
        "run": in_assembly(
            f"{op.function} of four elements a round{f' and {rest} more' if rest else ''}; numbers: rounds, constants.",
            code.function(),
        ),
    }


def solve(op: Binary) -> Requantization | Because:
    """How A becomes the output, proven equal to TFLM for every pair of operands; or why it does not."""
    return _solve(Int8Pairs.of(op))


@lru_cache(maxsize=256)
def _solve(pairs: Int8Pairs) -> Requantization | Because:
    op = pairs.operator
    multiplier, zero, (low, high) = op.multipliers[-1], op.output.zero_point, op.int8_clamp
    product = op.function == "MUL"
    bits, signed, tail = PRODUCT_BITS if product else SUM_BITS, low < zero, -multiplier.shift - 1
    if not 0 <= tail <= (MAX_TAIL_SHIFT if product else MAX_SUM_TAIL):
        return Because("the output multiplier is too large or too small")
    a, b = all_pairs()
    scaled = 2**bits * (products(op, a, b) if product else sums(op, a, b))
    constant = abs(1 + 2 * zero) << bits - 1 << tail
    if (
        np.abs(scaled).max() >= 2**31
        or constant + (1 << bits) + (np.abs(scaled).max() * multiplier.mantissa >> 32) >= 2**31
    ):
        return Because("intermediate values exceed 32 bits")
    if (
        evaluate(scaled, np.int64(multiplier.mantissa), np.int64(tail), zero, signed, low, high, bits)
        != op.compute((a, b))[0]
    ).any():
        return Because("the short requantisation differs from TFLM's")
    one = np.array([multiplier.mantissa]), np.array([tail]), np.zeros(1, np.int64), np.zeros(1, bool)
    return Requantization(signed, zero, low, high, tail, *one, bits)


def products(op: Binary, a: Array, b: Array) -> Array:
    return (a - op.a.zero_point) * (b - op.b.zero_point)


def sums(op: Binary, a: Array, b: Array) -> Array:
    """The sum before its requantisation, as the instructions compute it."""
    plain, other, m = split(op)
    x, v = (a, b) if plain == 0 else (b, a)
    zeros = op.a.zero_point, op.b.zero_point
    signs = (1, -1 if op.function == "SUB" else 1)
    v = (v - zeros[1 - plain]) << HEADROOM_BITS + 1
    h = (v * m.mantissa + (1 << 31) >> 32) + rounding(m)
    if m.shift:
        h = h + (v >> 31) >> -m.shift
    return signs[plain] * (x - zeros[plain] << HEADROOM_BITS - 1) + signs[1 - plain] * h


def split(op: Binary) -> tuple[int, int, Multiplier]:
    """(operand whose multiplier is one half, the other operand, the other's multiplier)."""
    plain = 0 if op.multipliers[0] == HALF else 1
    return plain, 1 - plain, op.multipliers[1 - plain]


def rounding(m: Multiplier) -> int:
    return 1 << -m.shift - 1 if m.shift else 0


Load = Callable[[CoreRegister], Instruction]
"""The next element of an operand into a register."""


class RunCode:
    """Assembly for `count` consecutive elements of both operands."""

    def __init__(self, op: Binary, count: int):
        found = solve(op)
        assert isinstance(found, Requantization), found
        self.op, self.rq, self.count = op, found, count
        self.product = op.function == "MUL"

    def function(self) -> Function:
        return thumb2_function(ARGUMENTS, self.code(), r9_is_free=True)

    def code(self) -> list[Item]:
        code: list[Item] = [ldm(r3, (r3, *r[8:11]) if self.product else (r3, *r[8:13], lr))]
        if self.count >= UNROLLED:  # a row of a larger tensor may be shorter
            code += self.rounds()
        for _ in range(self.count % UNROLLED):
            code += self.element(lambda to: ldrsb(to, r0.post(1)), lambda to: ldrsb(to, r1.post(1)))
        return code

    def rounds(self) -> list[Item]:
        """The loop over whole rounds, of which there is at least one."""
        code: list[Item] = [ldr(r4, r0.post(4)), ldr(r5, r1.post(4))]
        for i in range(UNROLLED):
            code += self.element(byte(r4, i), byte(r5, i))
        return flow.count_down(r3, code)

    def numbers(self) -> list[int]:
        """What r3 and r8... hold, modulo 2**32: rounds and constants."""
        found = [self.count // UNROLLED, int(self.rq.mantissas[0]), self.rq.layer_constant]
        zeros = (self.op.a.zero_point, self.op.b.zero_point)
        if self.product:
            found.append(-zeros[1] << self.rq.bits)
        else:
            plain, other, m = split(self.op)
            sign = -1 if self.op.function == "SUB" and plain == 1 else 1
            found.append(-sign * zeros[plain] << HEADROOM_BITS - 1 + SUM_BITS)
            found += [-zeros[other] << HEADROOM_BITS + 1, m.mantissa, rounding(m)]
        return [number % 2**32 for number in found]

    def element(self, load_a: Load, load_b: Load) -> list[Item]:
        """One output."""
        if self.product:
            zero = self.op.a.zero_point
            minus = [(sub if zero > 0 else add)(r6, r6, abs(zero))] if zero else []
            code = [load_a(r6), *minus, load_b(r7), add(r7, r10, r7.lsl(self.rq.bits)), mul(r6, r6, r7)]
            return [*code, *self.rq.output(r6, r8, r9, r12, r7), strb(r6, r2.post(1))]
        plain, other, m = split(self.op)
        loads = (load_a, load_b)
        negated = 1 if self.op.function == "SUB" else None
        code = [loads[other](r7), add(r7, r11, r7.lsl(HEADROOM_BITS + 1)), smmlar(r6, r7, r12, lr)]
        if m.shift:
            code += [add(r6, r6, r7.asr(31)), asr(r6, r6, -m.shift)]
        code += [
            loads[plain](r7),
            (sub if plain == negated else add)(r7, r10, r7.lsl(HEADROOM_BITS - 1 + SUM_BITS)),
            (sub if other == negated else add)(r7, r7, r6.lsl(SUM_BITS)),
        ]
        return [*code, *self.rq.output(r7, r8, r9, r12, r6), strb(r7, r2.post(1))]


def byte(word: CoreRegister, index: int) -> Load:
    """One of the bytes of a word, with its sign."""
    return lambda to: sxtb(to, word.ror(8 * index) if index else word)
