"""SUM, MEAN and global average pools with Helium, eight channels at a time.

Bytes are widened to 16 bits as they are loaded and added there, up to 256 of them; then even and odd channels go into
32-bit lanes of their own, which is the order that narrowing instructions turn round again.
"""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Layout
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.kernels.reduction.global_pool import (
    GlobalAveragePool,
    GlobalSum,
    GlobalSumOrMean,
)
from tinyengine_tf.kernels.reduction.reduce import reduce_distance
from tinyengine_tf.kernels.thumb import add_number, load_number
from tinyengine_tf.ops.pool2d import AveragePool2D
from tinyengine_tf.ops.reduce import Mean, Sum
from tinyengine_tf.target import Core

CHANNELS = 8
IN_16_BITS = 256
"""Bytes whose sum fits 16 bits."""
UNROLLED = 8
LARGEST_STEP = 127


def add_pixels(pixels: int, pitch: int, partial: bool) -> list[str]:
    """32-bit sums of eight channels of `pixels` pixels, `pitch` bytes apart, from r0 on: even ones in q2, odd ones in
    q3. r3, lr, q0 and q1 are lost. `partial`: only the lanes of the predicate are read."""
    code = ["mov r3, r0"]
    for first in range(0, pixels, IN_16_BITS):
        count = min(IN_16_BITS, pixels - first)
        step = [f"vldrb{'t' if partial else ''}.s16 q1, [r3]" + (f", #{pitch}" if pitch <= LARGEST_STEP else "")]
        step = [
            *(["vpst"] if partial else []),
            *step,
            *([] if pitch <= LARGEST_STEP else add_number("r3", pitch, "r12")),
            "vadd.i16 q0, q0, q1",
        ]
        code += ["vmov.i32 q0, #0", *step * (count % UNROLLED)]
        if count >= UNROLLED:
            code += [*load_number("lr", count // UNROLLED), "dls lr, lr", "2:", *step * UNROLLED, "le lr, 2b"]
        if first == 0:
            code += ["vmovlb.s16 q2, q0", "vmovlt.s16 q3, q0"]
        else:
            code += ["vmovlb.s16 q1, q0", "vadd.i32 q2, q2, q1", "vmovlt.s16 q1, q0", "vadd.i32 q3, q3, q1"]
    return code


class GlobalSumMve(GlobalSum):
    """Sums in the state lie in the order of the vectors: four even channels, then four odd ones."""

    why = "over whole images, core has Helium: eight channels of a row at once"
    template = "reduction/global_sum_mve.c.j2"
    isa = "mve"
    rank = 20

    def layout(self, op: Any) -> Layout:
        blocks = -(-op.input.shape[3] // CHANNELS)
        layout = super().layout(op)
        return Layout(layout.windows, gathers=True, state_bytes=4 * CHANNELS * blocks)

    def params(self, op: Any, units: int) -> dict[str, Any]:
        _, _, width, channels = op.input.shape
        partial = channels % CHANNELS > 0
        # r0 row, r1 sums, r2 channels that are left
        lines = [
            *load_number("r2", channels),
            "1:",
            *(["vctp.16 r2"] if partial else []),
            *add_pixels(width, channels, partial),
            "vldrw.u32 q0, [r1]",
            "vldrw.u32 q1, [r1, #16]",
            "vadd.i32 q0, q0, q2",
            "vadd.i32 q1, q1, q3",
            "vstrw.32 q0, [r1], #16",
            "vstrw.32 q1, [r1], #16",
            f"add r0, r0, #{CHANNELS}",
            f"subs r2, r2, #{CHANNELS}",
            "bgt 1b",
        ]
        return {
            **super().params(op, units),
            "padded_channels": -(-channels // CHANNELS) * CHANNELS,
            "lines": lines,
            "arguments": (("const int8_t *", "in"), ("int32_t *", "sums")),
        }


@class_kernel
class GlobalAveragePoolMve(GlobalSumMve, GlobalAveragePool):
    name = "te_average_pool_2d_s8_global_mve"
    ops = (AveragePool2D,)


@class_kernel
class GlobalSumOrMeanMve(GlobalSumMve, GlobalSumOrMean):
    name = "te_sum_s8_global_mve"
    ops = (Sum, Mean)


@class_kernel
class SumMve(ClassKernel):
    name = "te_sum_s8_mve"
    ops = (Sum, Mean)
    why = "channels stay, core has Helium: eight of them at once"
    template = "c/assembly_mve.c.j2"
    isa = "mve"
    rank = 19

    def rejects(self, op: Sum, core: Core) -> str | None:
        kept, reduced = op.loops
        if len(reduced) != 1 or not 1 <= len(kept) <= 2 or kept[-1][1] != 1:
            return "not one dimension (or several side by side) outside the last"
        return None

    def layout(self, op: Sum) -> Layout:
        return Layout(distances=(reduce_distance(op),))

    def params(self, op: Sum, units: int) -> dict[str, Any]:
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
