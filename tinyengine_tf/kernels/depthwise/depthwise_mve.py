"""DEPTHWISE_CONV_2D with Helium: eight channels at a time become planes, whose windows are runs of bytes.

VMLADAVA multiplies 16 pairs of neighbours in memory, but neighbours in a row are other channels. So, for a block of
output columns and eight channels, scatter stores first lay out each channel's columns one after another in scratch
memory, `rows` bytes each, padding included: now a window is one run, and the next one begins stride * rows bytes later.
Then each window costs one or a few products of 16; where several windows lie within one load, they share it and
the weights are shifted instead. Sums go to scratch memory, channels side by side, and are requantised eight at once.

Channels 0 2 4 6 1 3 5 7 of a block stand in this order everywhere: narrowing puts even results into bottom halves, odd
ones into top halves. Stream: where scatter stores put each channel (and, with a depth multiplier, where each reads);
for every eight output channels zeros, their weights, and the constants of the requantisation for even and odd ones.

    1. columns    r0-r6 rows   r8 to   lr count   q0 data   q1-q7 places, for each row
    2. products   r1, r3 planes of two channels   r5 weights   r7 sums   r0, r2, ... sums of windows   lr pairs
    3. results    r1 out   r5 constants   r7 sums   q0, q1 values   q2-q7 constants
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from tinyengine_tf.kernels.arithmetic.requantize_mve import SHIFTS, vector_requantization, words_of
from tinyengine_tf.kernels.base import Layout, Table
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.kernels.dense.conv2d import conv_window, touches_image
from tinyengine_tf.kernels.thumb import add_number, load_number
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.target import Core

CHANNELS = 8
ORDER = (0, 2, 4, 6, 1, 3, 5, 7)
CHUNK = 16
LARGEST_OFFSET = 127
MOST_CHUNKS = LARGEST_OFFSET // CHUNK + 1
"""Loads of one window that reach from one pointer."""
COLUMNS = 16
"""Output columns of a block, at most."""
SCRATCH_BYTES = 1024
"""Blocks become narrower where they would need more than about this."""
SUM_BYTES = 4 * CHANNELS
ROWS_IN, OUT, SCRATCH, OFFSET, BEFORE, INSIDE, AFTER, STREAM, LEFT, FRAME_BYTES = 0, 4, 8, 12, 16, 20, 24, 28, 32, 40
"""Stack offsets."""


class Planes:
    """The geometry of a layer's blocks."""

    def __init__(self, op: DepthwiseConv2D):
        w = op.window
        self.kernel, self.stride, self.pad = w.kernel, w.stride.w, w.pad_left
        self.multiplier = op.multiplier
        self.width, self.out_width, self.channels = op.image.w, op.out_image.w, op.out_channels
        self.taps = w.kernel.h * w.kernel.w
        self.chunks = -(-self.taps // CHUNK)
        self.step = self.stride * w.kernel.h

    @cached_property
    def columns(self) -> int:
        """Output columns per block: equal blocks, the last of which may overlap the one before."""
        most = COLUMNS
        while most > 4 and CHANNELS * self.plane_bytes(most) + most * SUM_BYTES > SCRATCH_BYTES:
            most -= 1
        return -(-self.out_width // -(-self.out_width // most))

    @property
    def blocks(self) -> int:
        return -(-self.out_width // self.columns)

    def in_columns(self, columns: int) -> int:
        return (columns - 1) * self.stride + self.kernel.w

    def plane_bytes(self, columns: int) -> int:
        return self.in_columns(columns) * self.kernel.h

    @property
    def plane(self) -> int:
        return self.plane_bytes(self.columns)

    @property
    def sums_offset(self) -> int:
        """Where the sums begin: loads of the last window reach beyond the planes."""
        return -(-(CHANNELS * self.plane + CHUNK) // 4) * 4

    @property
    def scratch_bytes(self) -> int:
        return self.sums_offset + self.columns * SUM_BYTES

    @property
    def shared(self) -> int:
        """Windows that lie within one load."""
        return min((CHUNK - self.taps) // self.step + 1, 3) if self.chunks == 1 else 1

    @property
    def weight_bytes(self) -> int:
        """Bytes of a channel's weights in the stream: with zeros up to 16, or as they are."""
        return CHUNK if self.chunks == 1 else self.taps

    @property
    def zeros(self) -> int:
        """Bytes of zeros before the weights of eight channels: shifted weights are loads that begin earlier."""
        return CHUNK if self.shared > 1 else 0

    @property
    def partial_channels(self) -> bool:
        return self.channels % CHANNELS > 0

    @property
    def partial_taps(self) -> int:
        """Weights in the last load, if it must be predicated."""
        return self.taps % CHUNK if self.chunks > 1 else 0

    def first_of(self, block: int) -> int:
        return min(block * self.columns, self.out_width - self.columns)


@class_kernel
class DepthwiseConv2DMve(ClassKernel):
    name = "te_depthwise_conv2d_s8_mve"
    ops = (DepthwiseConv2D,)
    why = "core has Helium: planes of 8 channels, a window is one run, 16 products at once"
    template = "depthwise/depthwise_mve.c.j2"
    isa = "mve"
    rank = 21

    def rejects(self, op: DepthwiseConv2D, core: Core) -> str | None:
        if op.window.dilation.w > 1 and op.window.kernel.w > 1:
            return "dilated columns"
        if not touches_image(op):
            return "windows of padding alone"
        p = Planes(op)
        if p.chunks > MOST_CHUNKS:
            return "more weights of a channel than loads reach from one pointer"
        return None if p.step <= LARGEST_OFFSET else "too many kernel rows"

    def layout(self, op: DepthwiseConv2D) -> Layout:
        return Layout((conv_window(op),), scratch_bytes=Planes(op).scratch_bytes)

    def tables(self, op: DepthwiseConv2D) -> tuple[Table, ...]:
        p, rq = Planes(op), vector_requantization(op)
        groups = -(-p.channels // CHANNELS)
        group_bytes = CHANNELS * p.weight_bytes + 8 * rq.words + p.zeros + (2 * CHANNELS if p.multiplier > 1 else 0)
        return (Table("stream", "uint32_t", 4 + groups * group_bytes // 4, lambda: stream(op)),)

    def params(self, op: DepthwiseConv2D, units: int) -> dict[str, Any]:
        p = Planes(op)
        return {
            "window": op.window,
            "p": p,
            "in_channels": op.input.shape[3],
            "lines": PlaneCode(op).lines(),
            "arguments": (
                ("const int8_t *const *", "in"),
                ("int8_t *", "out"),
                ("uint8_t *", "scratch"),
                ("const int32_t *", "block"),
            ),
        }


def stream(op: DepthwiseConv2D) -> np.ndarray:
    """The words that PlaneCode reads."""
    p, rq = Planes(op), vector_requantization(op)
    places = np.argsort(ORDER) * p.plane
    parts = [words_of(places.astype("<u2"))]
    weights = op.weights.values.reshape(p.taps, p.channels)
    weights = (
        weights.reshape(p.kernel.h, p.kernel.w, p.channels).transpose(2, 1, 0).reshape(p.channels, p.taps)
    )  # column by column
    for first in range(0, p.channels, CHANNELS):
        lanes = [first + c if first + c < p.channels else -1 for c in ORDER]
        if p.multiplier > 1:
            sources = [min(first + c, p.channels - 1) // p.multiplier for c in range(CHANNELS)]
            parts.append(words_of(np.array(sources, "<u2")))
        parts.append(np.zeros(p.zeros // 4, np.int64))
        some = np.zeros((CHANNELS, p.weight_bytes), np.int8)
        for i, c in enumerate(lanes):
            if c >= 0:
                some[i, : p.taps] = weights[c]
        parts.append(words_of(some))
        parts.append(rq.constants(op, lanes))
    return np.concatenate(parts) & 0xFFFFFFFF


class PlaneCode:
    """Assembly for one block of output columns, all channels; on entry r0 rows, r1 out, r2 scratch memory, r3 block.

    The block: address of the stream, offset of its first column inside the image in bytes, columns before the image,
    inside it, and after it.
    """

    def __init__(self, op: DepthwiseConv2D):
        self.p, self.rq = Planes(op), vector_requantization(op)
        self.in_channels, self.zero = op.input.shape[3], op.input.zero_point
        self.padded = op.window.pad_left > 0 or op.window.padding_after(op.image, op.out_image).w > 0

    def lines(self) -> list[str]:
        p = self.p
        advance = [f"ldr r0, [sp, #{OUT}]", f"add r0, r0, #{CHANNELS}", f"str r0, [sp, #{OUT}]"]
        if p.multiplier == 1:
            advance += [f"ldr r0, [sp, #{OFFSET}]", f"add r0, r0, #{CHANNELS}", f"str r0, [sp, #{OFFSET}]"]
        many = p.channels > CHANNELS
        return [
            f"sub sp, sp, #{FRAME_BYTES}",
            "ldmia r3, {r3, r4, r5, r6, r7}",
            "stmia sp, {r0, r1, r2, r4, r5, r6, r7}",
            "add r4, r3, #16",
            f"str r4, [sp, #{STREAM}]",
            "mov r11, r3",
            *load_number("r12", self.rq.scalar),
            *load_number("r0", p.channels),
            f"str r0, [sp, #{LEFT}]",
            *(["1:"] if many else []),
            *self.columns(),
            *self.products(),
            *self.results(),
            *(
                [*advance, f"ldr r0, [sp, #{LEFT}]", f"subs r0, r0, #{CHANNELS}", f"str r0, [sp, #{LEFT}]", "bgt 1b"]
                if many
                else []
            ),
            f"add sp, sp, #{FRAME_BYTES}",
        ]

    def columns(self) -> list[str]:
        """Lay out the channels' columns. r11 points to the places."""
        p, code = self.p, []
        together = 7 if p.multiplier == 1 else 6
        code += [f"ldr r9, [sp, #{LEFT}]", "vctp.16 r9"] if p.partial_channels else []
        code += (
            [f"ldr r9, [sp, #{STREAM}]", "vldrh.u16 q7, [r9], #16", f"str r9, [sp, #{STREAM}]"]
            if p.multiplier > 1
            else []
        )
        code.append("vldrh.u16 q1, [r11]")
        for first in range(0, p.kernel.h, together):
            rows = range(min(together, p.kernel.h - first))
            if first == 0:
                for i in rows[1:]:
                    code += [f"mov r8, #{i}", f"vadd.i16 q{1 + i}, q1, r8"]
            code += [f"ldr r8, [sp, #{SCRATCH}]", *add_number("r8", first, "r9")]
            code += self.edge(BEFORE, len(rows), first)
            code.append(f"ldr r9, [sp, #{ROWS_IN}]")
            code += [f"ldr r{i}, [r9, #{4 * (first + i)}]" for i in rows]
            code += [f"ldr r9, [sp, #{OFFSET}]", *(f"add r{i}, r{i}, r9" for i in rows)]
            far = p.multiplier > 1 or self.in_channels > LARGEST_OFFSET
            code += load_number("r9", self.in_channels) if far else []
            code += [f"ldr lr, [sp, #{INSIDE}]", "wls lr, lr, 3f", "2:"]
            for i in rows:
                t = "t" if p.partial_channels else ""
                code += ["vpst"] if p.partial_channels else []
                where = f"[r{i}, q7]" if p.multiplier > 1 else f"[r{i}]" if far else f"[r{i}], #{self.in_channels}"
                code += [f"vldrb{t}.u16 q0, {where}", f"vstrb.16 q0, [r8, q{1 + i}]"]
                code += [f"add r{i}, r{i}, r9"] if far else []
            code += [f"add r8, r8, #{p.kernel.h}", "le lr, 2b", "3:"]
            code += self.edge(AFTER, len(rows), first)
        return [line for line in code if line]

    def edge(self, count: int, rows: int, first: int) -> list[str]:
        """Columns outside the image hold the input's zero point."""
        if not self.padded:
            return []
        value = f"mvn r9, #{~self.zero}" if self.zero < 0 else f"mov r9, #{self.zero}"
        return [
            f"ldr lr, [sp, #{count}]",
            "wls lr, lr, 3f",
            value,
            "vdup.16 q0, r9",
            "2:",
            *(f"vstrb.16 q0, [r8, q{1 + i}]" for i in range(rows)),
            f"add r8, r8, #{self.p.kernel.h}",
            "le lr, 2b",
            "3:",
        ]

    def products(self) -> list[str]:
        """Sums of all windows, two channels at a time."""
        p = self.p
        code = [
            f"ldr r1, [sp, #{SCRATCH}]",
            f"ldr r5, [sp, #{STREAM}]",
            *load_number("r9", p.sums_offset),
            "add r7, r1, r9",
        ]
        code += [f"add r5, r5, #{p.zeros}"] if p.zeros else []
        code += [f"mov r9, #{p.partial_taps}", "vctp.8 r9"] if p.partial_taps else []
        code += ["mov lr, #4", "dls lr, lr", "2:"]
        code += self.pair_in_turns() if 2 * p.chunks + 2 > 8 else self.pair_together()
        code += ["add r7, r7, #8", "le lr, 2b", f"str r5, [sp, #{STREAM}]"]
        return code

    def offset(self, window: int, chunk: int = 0) -> int:
        return window * self.p.step + CHUNK * chunk

    def pair_together(self) -> list[str]:
        """Both channels' weights stay in registers; windows within one load share it."""
        p = self.p
        code = ["mov r3, r1", *add_number("r3", p.plane, "r9")]
        weights: dict[tuple[int, int, int], str] = {}
        for c in range(2):
            for k in range(p.chunks):
                for shift in range(p.shared):
                    weights[c, k, shift] = q = f"q{len(weights)}"
                    last = k == p.chunks - 1
                    predicated = bool(p.partial_taps) and last
                    at = c * p.weight_bytes + CHUNK * k - shift * p.step
                    code += [*(["vpst"] if predicated else []), f"vldrb{'t' if predicated else ''}.8 {q}, [r5, #{at}]"]
        code += add_number("r5", 2 * p.weight_bytes, "r9")
        free = [f"q{i}" for i in range(len(weights), 8)]
        moved = 0
        for first in range(0, p.columns, p.shared):
            windows = range(min(p.shared, p.columns - first))
            if self.offset(first, p.chunks - 1) - moved > LARGEST_OFFSET:
                step = self.offset(first) - moved
                code += [*add_number("r1", step, "r9"), *add_number("r3", step, "r9")]
                moved += step
            sums = [[f"r{2 * (c * len(windows) + i)}" for i in windows] for c in range(2)]
            for k in range(p.chunks):
                loads = [
                    f"vldrb.8 {free[c]}, [{pointer}, #{self.offset(first, k) - moved}]"
                    for c, pointer in enumerate(("r1", "r3"))
                ]
                code += loads
                for c in range(2):
                    code += [
                        f"vmladav{'a' if k else ''}.s8 {sums[c][i]}, {free[c]}, {weights[c, k, i]}" for i in windows
                    ]
            code += [f"strd {sums[0][i]}, {sums[1][i]}, [r7, #{SUM_BYTES * (first + i)}]" for i in windows]
        return [*code, *add_number("r1", 2 * p.plane - moved, "r9")]

    def pair_in_turns(self) -> list[str]:
        """One channel, then the other: two channels' weights do not fit; those beyond q5 are loaded each time."""
        p, code = self.p, []
        kept = min(p.chunks, 6)
        for c in range(2):
            loads = []
            for k in range(p.chunks):
                predicated = bool(p.partial_taps) and k == p.chunks - 1
                register = f"q{k}" if k < kept else "q6"
                loads.append(
                    [
                        *(["vpst"] if predicated else []),
                        f"vldrb{'t' if predicated else ''}.8 {register}, [r5, #{CHUNK * k}]",
                    ]
                )
            code += [line for k in range(kept) for line in loads[k]]
            moved = 0
            for w in range(p.columns):
                if self.offset(w, p.chunks - 1) - moved > LARGEST_OFFSET:
                    code += add_number("r1", self.offset(w) - moved, "r9")
                    moved = self.offset(w)
                for k in range(p.chunks):
                    code += loads[k] if k >= kept else []
                    code += [
                        f"vldrb.8 q7, [r1, #{self.offset(w, k) - moved}]",
                        f"vmladav{'a' if k else ''}.s8 r0, q7, q{k if k < kept else 6}",
                    ]
                code.append(f"str r0, [r7, #{SUM_BYTES * w + 4 * c}]")
            code += [*add_number("r5", p.weight_bytes, "r9"), *add_number("r1", p.plane - moved, "r9")]
        return code

    def results(self) -> list[str]:
        """Requantise eight channels of each column. Where registers are short, constants are read again each time."""
        p, rq = self.p, self.rq
        code = [
            f"ldr r1, [sp, #{OUT}]",
            f"ldr r7, [sp, #{SCRATCH}]",
            *load_number("r9", p.sums_offset),
            "add r7, r7, r9",
        ]
        code += [f"ldr r9, [sp, #{LEFT}]", "vctp.16 r9"] if p.partial_channels else []
        again = rq.signed or rq.left or (rq.low, rq.high) != (-128, 127)
        at = {name: [rq.offset(name, 2) + i * (4 if name in SHIFTS else 16) for i in range(2)] for name in rq.vectors}
        fixed = [name for name in rq.vectors if name in ("mantissa", "right") or not again]
        registers = {name: (f"q{7 - 2 * i}", f"q{6 - 2 * i}") for i, name in enumerate(reversed(fixed))}
        code += [rq.load(name, registers[name][i], f"[r5, #{at[name][i]}]") for name in fixed for i in range(2)]
        code += [
            *load_number("lr", p.columns),
            "dls lr, lr",
            "2:",
            "vldrw.u32 q0, [r7], #16",
            "vldrw.u32 q1, [r7], #16",
        ]
        for name, operation in (("bias", "vadd.i32"), ("left", "vshl.s32")):
            if name in at:
                for i in range(2):
                    code += [rq.load(name, "q2", f"[r5, #{at[name][i]}]")] if again else []
                    code.append(f"{operation} q{i}, q{i}, {'q2' if again else registers[name][i]}")
        rights = list(registers["right"]) if "right" in registers else None
        code += rq.multiply(["q0", "q1"], list(registers["mantissa"]), "q2", "r12", rights)
        code += [rq.narrow("q0", "q0"), rq.narrow("q0", "q1", "t"), "vqmovnb.s16 q0, q0", *rq.clamp(["q0"], "q2", "r9")]
        post = p.channels <= LARGEST_OFFSET
        t = "t" if p.partial_channels else ""
        code += ["vpst"] if t else []
        code.append(f"vstrb{t}.16 q0, [r1]" + (f", #{p.channels}" if post else ""))
        code += [] if post else add_number("r1", p.channels, "r9")
        code += ["le lr, 2b", *add_number("r5", 8 * rq.words, "r9"), f"str r5, [sp, #{STREAM}]"]
        return code
