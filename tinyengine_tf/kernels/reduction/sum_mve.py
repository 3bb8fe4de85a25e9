"""SUM and MEAN of channels that stay, with Helium: eight of them at once."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Because, Code, Layout, Lowered, kernel
from tinyengine_tf.kernels.reduction.loops import reduce_distance
from tinyengine_tf.kernels.reduction.sum_mve_code import CHANNELS, add_pixels
from tinyengine_tf.kernels.thumb import add_number, load_number
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.reduce import Mean, Sum
from tinyengine_tf.target import Core


@kernel(Sum, Mean, types=(S8,), isa="mve", before=("te_sum_s8_global",))
def te_sum_s8_mve(op: Sum, core: Core) -> Lowered | Because:
    """Channels stay, core has Helium: eight of them at once."""
    kept, reduced = op.loops
    if len(reduced) != 1 or not 1 <= len(kept) <= 2 or kept[-1][1] != 1:
        return Because("not one dimension (or several side by side) outside the last")
    return Lowered(Code("c/assembly_mve.c.j2", lambda units: _params(op)), Layout(distances=(reduce_distance(op),)))


def _params(op: Sum) -> dict[str, Any]:
    kept, ((pixels, pitch),) = op.loops
    channels = kept[-1][0]
    partial = channels % CHANNELS > 0
    times, stride = kept[0] if len(kept) > 1 else (1, 0)
    block = [
        "1:",
        *(["vctp.16 r5"] if partial else []),
        *add_pixels(pixels, pitch, partial),
        *requantize(op),
        *(["vpst", "vstrbt.16 q2, [r1]"] if partial else ["vstrb.16 q2, [r1]"]),
        f"add r1, r1, #{CHANNELS}",
        f"add r0, r0, #{CHANNELS}",
        f"subs r5, r5, #{CHANNELS}",
        "bgt 1b",
    ]
    lines = [*constants(op), *load_number("r4", times), "3:", *load_number("r5", channels), *block]
    if times > 1:
        past = -(-channels // CHANNELS) * CHANNELS
        lines += [
            *add_number("r0", stride - past, "r12"),
            *add_number("r1", channels - past, "r12"),
            "subs r4, r4, #1",
            "bne 3b",
        ]
    return {
        "comment": f"Sums of {pixels} pixels of {channels} channels{f', {times} times' if times > 1 else ''}.",
        "arguments": (("const int8_t *", "in"), ("int8_t *", "out")),
        "lines": lines,
    }


def constants(op: Sum) -> list[str]:
    """r6 what the zero points add, r7 mantissa, r8 shift, r9 output zero point."""
    m = op.multiplier
    return [
        *load_number("r6", -op.count * op.input.zero_point),
        *load_number("r7", m.mantissa),
        *load_number("r8", m.shift),
        *load_number("r9", op.output.zero_point),
    ]


def requantize(op: Sum) -> list[str]:
    """Sums in q2 and q3 to bytes in the halves of q2 (see requantize_mve.py); q0 is lost."""
    shift = op.multiplier.shift
    code = [f"vadd.i32 {q}, {q}, r6" for q in ("q2", "q3")]
    for q in ("q2", "q3"):
        code += [f"vshl.s32 {q}, r8"] if shift > 0 else []
        code.append(f"vqrdmulh.s32 {q}, {q}, r7")
        code += [f"vshr.s32 q0, {q}, #31", f"vadd.i32 {q}, {q}, q0", f"vrshl.s32 {q}, r8"] if shift < 0 else []
    return [*code, "vqmovnb.s32 q2, q2", "vqmovnt.s32 q2, q3", "vqadd.s16 q2, q2, r9", "vqmovnb.s16 q2, q2"]
