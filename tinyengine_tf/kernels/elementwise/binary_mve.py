"""ADD, SUB and MUL of int8 tensors with Helium, four elements a round; tail-predicated loops take any count.

    MUL        t = (a - za) (b - zb)
    ADD, SUB   t = 2**19 x + floor((2**20 v m + 2**30) / 2**31) + c, in units of 2**-20 of TFLM's common scale

where x is the operand whose multiplier is one half, v the other, m its multiplier shifted as far as its exponent
says, and c what the zero points contribute. TFLM rounds v's share twice; it requantises the sum by a multiplier M and a
shift r:

    y = floor((h + 2**(r-1) - [t < 0]) / 2**r) + z    h = floor((t M + 2**30) / 2**31)

in the instructions of requantize_mve.py. Shifts beyond 16, which the narrowing one does not take, go into M. None of
this is exact by construction: `solve` compares all 65536 pairs of operands with TFLM's result, and tries c and M some
steps up and down, with and without [t < 0].

    r0 a   r1 b   r2 out   r3 times   r4... scalars   lr elements   q0 a or x, q1 b or v   q2 sign   q4 m   q5 M
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from tinyengine_tf.kernels.assembly import FUNCTION, in_assembly
from tinyengine_tf.kernels.base import Array, Because, Code, Lowered, Table, kernel
from tinyengine_tf.kernels.elementwise.broadcast import broadcast_layout, loop_counts
from tinyengine_tf.kernels.elementwise.int8_pairs import Int8Pairs, all_pairs
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.machine import flow
from tinyengine_tf.machine.helium import (
    LARGEST_NARROWING_SHIFT,
    vadd,
    vdup,
    vldrb,
    vmax,
    vmin,
    vmla,
    vmul,
    vqmovnb,
    vqrdmlash,
    vqrshrnb,
    vshl_number,
    vshr_number,
    vstrb,
)
from tinyengine_tf.machine.instruction import Instruction, Item
from tinyengine_tf.machine.program import Argument, thumb2_function
from tinyengine_tf.machine.registers import CoreRegister, q0, q1, q2, q4, q5, q6, q7, r, r3, r4, r5, r6, r7, r11, r12
from tinyengine_tf.machine.thumb2 import add_number, load_number
from tinyengine_tf.ops.binary import HEADROOM_BITS, Binary
from tinyengine_tf.ops.fixedpoint import Multiplier, doubling_high_mul
from tinyengine_tf.target import Core

HALF = Multiplier(1 << 30, 0)
SHORTEST_RUN = 4


@dataclass(frozen=True)
class Short:
    """Numbers of the short form that equals TFLM's: M, r, whether the sign counts; for sums also m and c."""

    mantissa: int
    shift: int
    signed: bool
    other: int = 0
    constant: int = 0


@kernel(Binary, types=(S8,), isa="mve", before=("te_binary_s8_dsp",))
def te_binary_s8_mve(op: Binary, core: Core) -> Lowered | Because:
    """Core has Helium: four elements a round, proven equal to TFLM for all pairs of operands."""
    if op.function not in ("ADD", "SUB", "MUL") or not op.needs_scales:
        return Because("not an ADD, SUB or MUL of int8")
    if op.loops[-1].strides != (1, 1) or op.loops[-1].count < SHORTEST_RUN or len(op.loops) > 2:
        return Because("operands are not read side by side, four or more at a time")
    form = solve(op)
    if form is None:
        return Because("the short form differs from TFLM's")
    tables = tuple(Table.of(name, t) for name, t in (("a", op.a), ("b", op.b)) if t.const)
    return Lowered(Code(FUNCTION, lambda units: _params(op, form, units)), broadcast_layout(op), tables)


def _params(op: Binary, form: Short, units: int) -> Mapping[str, Any]:
    counts = loop_counts(op, units)
    operands = [(Argument("const int8_t *", name), t.const) for name, t in (("a", op.a), ("b", op.b))]
    arguments = [argument for argument, const in operands if not const] + [Argument("int8_t *", "out")]
    arguments += [argument for argument, const in operands if const]
    registers = {argument.name: r[i] for i, argument in enumerate(arguments)}
    code = RunCode(op, form, counts, registers).code()
    comment = f"{op.function} of {' x '.join(map(str, counts))} elements."
    return in_assembly(comment, thumb2_function(arguments, code))


def solve(op: Binary) -> Short | None:
    """The cheapest short form that gives TFLM's result for every pair of operands."""
    return _solve(Int8Pairs.of(op))


@lru_cache(maxsize=256)
def _solve(pairs: Int8Pairs) -> Short | None:
    op, (a, b) = pairs.operator, all_pairs()
    (wanted,) = op.compute((a, b))
    multiplier = op.multipliers[-1]
    if -multiplier.shift < 1:
        return None
    for form in forms(op):
        t = total(op, form, a, b)
        if np.abs(t).max() < 2**31 and np.array_equal(evaluate(op, form, t), wanted):
            return form
    return None


def forms(op: Binary) -> Iterator[Short]:
    """Short forms to try, cheaper ones first."""
    multiplier = op.multipliers[-1]
    shift = min(-multiplier.shift, LARGEST_NARROWING_SHIFT)
    mantissa = multiplier.mantissa / 2 ** (-multiplier.shift - shift)
    signs = (False,) if op.clamp[0] >= op.output.zero_point else (False, True)
    if op.function == "MUL":
        yield from (Short(round(mantissa), shift, signed) for signed in signs)
        return
    plain, other, m = split(op)
    signs_of = operand_signs(op)
    zeros = [t.zero_point for t in (op.a, op.b)]
    part = m.mantissa / 2**-m.shift
    constant = -signs_of[plain] * zeros[plain] * 2 ** (HEADROOM_BITS - 1) - signs_of[other] * zeros[
        other
    ] * part * 2.0 ** (HEADROOM_BITS - 31)
    for signed in signs:
        for nudge in (0, 1, -1, 2, -2, 3, -3):
            for change in (0, 1, -1, 2, -2):
                yield Short(
                    round(mantissa) + change, shift, signed, signs_of[other] * round(part), round(constant) + nudge
                )


def operand_signs(op: Binary) -> tuple[int, int]:
    return (1, -1 if op.function == "SUB" else 1)


def split(op: Binary) -> tuple[int, int, Multiplier]:
    """(operand whose multiplier is one half, the other operand, the other's multiplier)."""
    plain = 0 if op.multipliers[0] == HALF else 1
    return plain, 1 - plain, op.multipliers[1 - plain]


def total(op: Binary, form: Short, a: Array, b: Array) -> Array:
    """t, as the instructions compute it."""
    if op.function == "MUL":
        return (a - op.a.zero_point) * (b - op.b.zero_point)
    plain, _, _ = split(op)
    x, v = (a, b) if plain == 0 else (b, a)
    return (
        operand_signs(op)[plain] * (x << HEADROOM_BITS - 1)
        + doubling_high_mul(v << HEADROOM_BITS, form.other)
        + form.constant
    )


def evaluate(op: Binary, form: Short, t: Array) -> Array:
    """What the instructions make of t."""
    h = doubling_high_mul(t, form.mantissa) + (op.output.zero_point << form.shift) + (t >> 31 if form.signed else 0)
    clipped: Array = np.clip(h + (1 << form.shift - 1) >> form.shift, *op.clamp)
    return clipped


class RunCode:
    """Assembly for runs of elements, `counts` = (times,) elements; registers of a, b and out are given."""

    def __init__(self, op: Binary, form: Short, counts: list[int], registers: dict[str, CoreRegister]):
        self.op, self.form, self.counts = op, form, counts
        self.a, self.b, self.out = registers["a"], registers["b"], registers["out"]

    def code(self) -> list[Item]:
        count = self.counts[-1]
        begin = [*self.constants(), *load_number(r12, count)]
        run = flow.elementwise_loop(32, r12, self.round())
        if len(self.counts) == 1:
            return [*begin, *run]
        moved = -(-count // 4) * 4  # pointers move on by whole rounds
        steps = zip((self.a, self.b, self.out), (*self.op.loops[0].strides, count), strict=True)
        advance = [i for pointer, step in steps for i in add_number(pointer, step - moved, r11)]
        return [*begin, *load_number(r3, self.counts[0]), *flow.count_down(r3, [*run, *advance])]

    def constants(self) -> list[Instruction]:
        """r4 output's zero point, shifted; q5 M; sums: r5 the factor of x, r6 c, q4 m; products: r5, r6 zero points."""
        form, op = self.form, self.op
        code = [*load_number(r4, op.output.zero_point << form.shift), *load_number(r5, form.mantissa), vdup(q5, r5, 32)]
        if op.function == "MUL":
            code += [*load_number(r5, -op.a.zero_point), *load_number(r6, -op.b.zero_point)]
        else:
            plain, _, _ = split(op)
            code += [*load_number(r5, form.other), vdup(q4, r5, 32)]
            code += load_number(r5, operand_signs(op)[plain] << HEADROOM_BITS - 1)
            code += load_number(r6, form.constant)
        for bound, widest, limit in ((op.clamp[0], -128, q6), (op.clamp[1], 127, q7)):
            code += [*load_number(r7, int(bound)), vdup(limit, r7, 8)] if bound != widest else []
        return code

    def round(self) -> list[Instruction]:
        """Four elements: t in q1, then the output."""
        form, op = self.form, self.op
        if op.function == "MUL":
            code = [vldrb(q0, self.a.post(4), "s32"), vldrb(q1, self.b.post(4), "s32")]
            code += [vadd(q0, q0, r5, "i32")] if op.a.zero_point else []
            code += [vadd(q1, q1, r6, "i32")] if op.b.zero_point else []
            code.append(vmul(q1, q1, q0, "i32"))
        else:
            plain, _, _ = split(op)
            x, v = (self.a, self.b) if plain == 0 else (self.b, self.a)
            code = [vldrb(q1, v.post(4), "s32"), vldrb(q0, x.post(4), "s32"), vshl_number(q1, q1, HEADROOM_BITS, "i32")]
            code += [vqrdmlash(q1, q4, r6, "s32"), vmla(q1, q0, r5, "s32")]
        code += [vshr_number(q2, q1, 31, "s32")] if form.signed else []
        code.append(vqrdmlash(q1, q5, r4, "s32"))
        code += [vadd(q1, q1, q2, "i32")] if form.signed else []
        code += [vqrshrnb(q1, q1, form.shift, "s32"), vqmovnb(q1, q1, "s16")]
        code += [vmax(q1, q1, q6, "s8")] if op.clamp[0] != -128 else []
        code += [vmin(q1, q1, q7, "s8")] if op.clamp[1] != 127 else []
        return [*code, vstrb(q1, self.out.post(4), "32")]
