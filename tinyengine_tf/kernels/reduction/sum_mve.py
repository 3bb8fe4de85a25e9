"""SUM and MEAN of channels that stay, with Helium: eight of them at once."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.assembly import FUNCTION, in_assembly
from tinyengine_tf.kernels.base import Because, Code, Layout, Lowered, kernel
from tinyengine_tf.kernels.reduction.loops import reduce_distance
from tinyengine_tf.kernels.reduction.sum_mve_code import CHANNELS, add_pixels
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.machine import flow
from tinyengine_tf.machine.helium import (
    vadd,
    vctp,
    vqadd,
    vqmovnb,
    vqmovnt,
    vqrdmulh,
    vrshl,
    vshl,
    vshr_number,
    vstrb,
)
from tinyengine_tf.machine.instruction import Instruction
from tinyengine_tf.machine.program import Argument, thumb2_function
from tinyengine_tf.machine.registers import q0, q2, q3, r0, r1, r4, r5, r6, r7, r8, r9, r12
from tinyengine_tf.machine.thumb2 import add, add_number, load_number
from tinyengine_tf.ops.reduce import Mean, Sum
from tinyengine_tf.target import Core

ARGUMENTS = (Argument("const int8_t *", "in"), Argument("int8_t *", "out"))


@kernel(Sum, Mean, types=(S8,), isa="mve", before=("te_sum_s8_global",))
def te_sum_s8_mve(op: Sum, core: Core) -> Lowered | Because:
    """Channels stay, core has Helium: eight of them at once."""
    kept, reduced = op.loops
    if len(reduced) != 1 or not 1 <= len(kept) <= 2 or kept[-1][1] != 1:
        return Because("not one dimension (or several side by side) outside the last")
    return Lowered(Code(FUNCTION, lambda units: _params(op)), Layout(distances=(reduce_distance(op),)))


def _params(op: Sum) -> dict[str, Any]:
    kept, ((pixels, pitch),) = op.loops
    channels = kept[-1][0]
    partial = channels % CHANNELS > 0
    times, stride = kept[0] if len(kept) > 1 else (1, 0)
    block = [
        *([vctp(16, r5)] if partial else []),
        *add_pixels(pixels, pitch, partial),
        *requantize(op),
        *flow.predicated_if(partial, vstrb(q2, r1[0], "16")),
        add(r1, r1, CHANNELS),
        add(r0, r0, CHANNELS),
    ]
    code = [*load_number(r5, channels), *flow.count_down(r5, block, CHANNELS, "gt")]
    if times > 1:
        past = -(-channels // CHANNELS) * CHANNELS
        code += [*add_number(r0, stride - past, r12), *add_number(r1, channels - past, r12)]
        code = [*load_number(r4, times), *flow.count_down(r4, code)]
    return in_assembly(
        f"Sums of {pixels} pixels of {channels} channels{f', {times} times' if times > 1 else ''}.",
        thumb2_function(ARGUMENTS, [*constants(op), *code], r9_is_free=True),
    )


def constants(op: Sum) -> list[Instruction]:
    """r6 what the zero points add, r7 mantissa, r8 shift, r9 output zero point."""
    m = op.multiplier
    return [
        *load_number(r6, -op.count * op.input.zero_point),
        *load_number(r7, m.mantissa),
        *load_number(r8, m.shift),
        *load_number(r9, op.output.zero_point),
    ]


def requantize(op: Sum) -> list[Instruction]:
    """Sums in q2 and q3 to bytes in the halves of q2 (see requantize_mve.py); q0 is lost."""
    shift = op.multiplier.shift
    code = [vadd(q, q, r6, "i32") for q in (q2, q3)]
    for q in (q2, q3):
        code += [vshl(q, r8, "s32")] if shift > 0 else []
        code.append(vqrdmulh(q, q, r7, "s32"))
        code += [vshr_number(q0, q, 31, "s32"), vadd(q, q, q0, "i32"), vrshl(q, r8, "s32")] if shift < 0 else []
    narrow = [vqmovnb(q2, q2, "s32"), vqmovnt(q2, q3, "s32"), vqadd(q2, q2, r9, "s16"), vqmovnb(q2, q2, "s16")]
    return [*code, *narrow]
