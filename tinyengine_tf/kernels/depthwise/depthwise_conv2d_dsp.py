"""DEPTHWISE_CONV_2D of any geometry with SMLAD: columns of a channel are paired once for several outputs.

For each channel of a row, in scratch memory:

    columns   every column that the row's windows touch as words (row 0, row 1), (row 2, row 3), ...; with stride s,
              the columns 0, s, 2s, ... come first, then 1, s + 1, ..., so that neighbouring outputs read neighbours
    weights   each column of the window in the same pairs, 256-fold

Then, for a block of outputs at a time and each column of the window, one load of its weights serves all of them.

    columns:  r0-r6 rows   r7 offset   r8-r11 pairs   r12 the other row   lr columns
    outputs:  r0... sums   then weights, then a column   r12 columns   lr weights
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyengine_tf.kernels.arithmetic.fast_requantize import Requantization, solve
from tinyengine_tf.kernels.base import Array, Because, Code, Layout, Lowered, Table, kernel
from tinyengine_tf.kernels.dense.window import conv_window
from tinyengine_tf.kernels.thumb import (
    LARGEST_OFFSET,
    LARGEST_PAIR_OFFSET,
    LARGEST_STEP,
    add_number,
    at_offset,
    load_number,
    load_words,
    store_words,
)
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.target import Core

(
    COLUMN_END,
    V_BLOCK,
    OUT,
    OUT_BASE,
    STREAM,
    STREAM_END,
    BIAS,
    MANTISSA,
    C,
    TAIL,
    ROWS,
    CHANNEL,
    COUNT,
    CONSTANT,
    COLUMNS,
    WEIGHTS,
    TIMES,
) = range(0, 68, 4)
FRAME_BYTES = 72
"""Stack offsets."""
MOST_ROWS = 7
OUTPUTS = {1: 10, 2: 8, 3: 6, 4: 4}
"""Outputs of a block, by words per column: what the registers hold."""
COLUMNS_IN_LOOP = 4


class Geometry:
    """Where the columns of one output row lie."""

    def __init__(self, op: DepthwiseConv2D):
        w = op.window
        self.rows, self.taps, self.stride, self.dilation, self.pad = (
            w.kernel.h,
            w.kernel.w,
            w.stride.w,
            w.dilation.w,
            w.pad_left,
        )
        self.words = -(-self.rows // 2)
        self.column_bytes = 4 * self.words
        self.out_width = op.out_image.w
        count = (self.out_width - 1) * self.stride + w.extent.w
        self.phase = -(-count // self.stride)
        self.inside = range(self.pad, min(self.pad + op.image.w, count))
        self.outside = [q for q in range(count) if q not in self.inside]

    def offset(self, column: int) -> int:
        """Bytes from the first column; columns are counted from the leftmost that is padding or not."""
        index, phase = divmod(column, self.stride)
        return (phase * self.phase + index) * self.column_bytes

    @property
    def columns_bytes(self) -> int:
        return self.stride * self.phase * self.column_bytes

    @property
    def weights_bytes(self) -> int:
        return self.taps * self.column_bytes

    @property
    def blocks(self) -> list[tuple[int, int]]:
        """(outputs of a block, how many such blocks follow each other), larger blocks first."""
        count = -(-self.out_width // OUTPUTS[self.words])
        small, larger = divmod(self.out_width, count)
        return [(n, times) for n, times in ((small + 1, larger), (small, count - larger)) if times]


@kernel(DepthwiseConv2D, types=(S8,), isa="dsp", before=("te_depthwise_conv2d_s8_vector",))
def te_depthwise_conv2d_s8_dsp(op: DepthwiseConv2D, core: Core) -> Lowered | Because:
    """Core has DSP: columns are paired once per row, weights loaded once for several outputs."""
    if op.window.kernel.h > MOST_ROWS:
        return Because(f"more than {MOST_ROWS} rows")
    geometry = Geometry(op)
    scratch_bytes = geometry.columns_bytes + geometry.weights_bytes
    if max(scratch_bytes, op.input.shape[3], op.out_channels) > LARGEST_OFFSET:
        return Because("too wide, or too many channels")
    rq = solve(op)
    if isinstance(rq, Because):
        return rq
    return Lowered(
        Code("c/assembly.c.j2", lambda units: _params(op, rq, geometry)),
        Layout((conv_window(op),), scratch_bytes=scratch_bytes),
        (Table("stream", "uint32_t", op.out_channels * channel_words(op, rq), lambda: stream(op, rq)),),
    )


def _params(op: DepthwiseConv2D, rq: Requantization, geometry: Geometry) -> dict[str, Any]:
    w = op.window
    return {
        "comment": f"One output row of a {w.kernel.h}x{w.kernel.w} depthwise convolution, "
        f"stride {w.stride.w}, {op.image.w} -> "
        f"{op.out_image.w} columns, {op.input.shape[3]} -> {op.out_channels} channels.",
        "arguments": ("const int8_t *const *in", "int8_t *out", "uint8_t *scratch", "const uint32_t *stream"),
        "lines": RowCode(op, rq, geometry).lines(),
    }


def channel_words(op: DepthwiseConv2D, rq: Requantization) -> int:
    pairs = op.window.kernel.w * -(-op.window.kernel.h // 2)
    return -(-pairs // 2) + 2 + (rq.tail is None)


def stream(op: DepthwiseConv2D, rq: Requantization) -> Array:
    """Per channel: weights, two pairs in a word; bias; multiplier; shift if they differ."""
    w = op.weights.values.astype(np.int64)[0] * ~rq.constant & 0xFF
    w = np.pad(w, ((0, w.shape[0] % 2), (0, 0), (0, 0)))
    pairs = w.reshape(-1, 2, *w.shape[1:]).transpose(3, 2, 0, 1).reshape(op.out_channels, -1, 2)
    pairs = np.pad(pairs, ((0, 0), (0, pairs.shape[1] % 2), (0, 0)))
    halves = pairs[:, ::2] << 8 | pairs[:, 1::2]
    parts = [halves[..., 0] | halves[..., 1] << 16, rq.biases[:, None], rq.mantissas[:, None]]
    if rq.tail is None:
        parts.append(rq.tails[:, None])
    words: Array = np.concatenate(parts, axis=1).reshape(-1) & 0xFFFFFFFF
    return words


class RowCode:
    """Assembly for one output row."""

    def __init__(self, op: DepthwiseConv2D, rq: Requantization, geometry: Geometry):
        self.rq, self.geometry = rq, geometry
        self.in_channels, self.out_channels, self.multiplier = op.input.shape[3], op.out_channels, op.multiplier
        self.zero, self.stream_bytes = op.input.zero_point, 4 * op.out_channels * channel_words(op, rq)

    def lines(self) -> list[str]:
        step = [f"ldr r12, [sp, #{CHANNEL}]", "add r12, r12, #1", f"str r12, [sp, #{CHANNEL}]"]
        code = [*self.begin(), "1:", *self.pair_columns()]
        if self.multiplier > 1:
            code += [*load_number("r12", self.multiplier), f"str r12, [sp, #{TIMES}]", "4:"]
        code += [
            *self.unpack_weights(),
            *self.outputs(),
            f"ldr r12, [sp, #{OUT_BASE}]",
            "add r12, r12, #1",
            f"str r12, [sp, #{OUT_BASE}]",
        ]
        if self.multiplier > 1:
            code += [f"ldr r12, [sp, #{TIMES}]", "subs r12, r12, #1", f"str r12, [sp, #{TIMES}]", "bne 4b"]
        return [
            *code,
            *step,
            f"ldrd r12, lr, [sp, #{STREAM}]",
            "cmp r12, lr",
            "bne 1b",
            f"add sp, sp, #{FRAME_BYTES}",
            "pop {r4-r11, lr}",
        ]

    def begin(self) -> list[str]:
        """The stack frame, and padding columns, which stay for all channels."""
        g = self.geometry
        code = [
            "push {r4-r11, lr}",
            f"sub sp, sp, #{FRAME_BYTES}",
            f"str r1, [sp, #{OUT_BASE}]",
            f"str r2, [sp, #{COLUMNS}]",
            f"str r3, [sp, #{STREAM}]",
            f"str r0, [sp, #{ROWS}]",
            *load_number("r12", self.stream_bytes),
            "add r12, r12, r3",
            f"str r12, [sp, #{STREAM_END}]",
            f"add r12, r2, #{g.columns_bytes}",
            f"str r12, [sp, #{WEIGHTS}]",
            "mov r12, #0",
            f"str r12, [sp, #{CHANNEL}]",
            *load_number("r12", self.rq.layer_constant),
            f"str r12, [sp, #{C if self.rq.tail is not None else CONSTANT}]",
            f"add r12, r2, #{self.rounds * self.columns_step + self.columns_start}",
            f"str r12, [sp, #{COLUMN_END}]",
        ]
        if g.outside:
            code += load_number("r12", (self.zero & 0xFFFF) * 0x10001)
        return code + [f"str r12, [r2, #{g.offset(q) + 4 * i}]" for q in g.outside for i in range(g.words)]

    @property
    def unrolled(self) -> int:
        """Columns of one round: a multiple of the stride."""
        return -(-COLUMNS_IN_LOOP // self.geometry.stride) * self.geometry.stride

    @property
    def rounds(self) -> int:
        return len(self.geometry.inside) // self.unrolled

    @property
    def columns_step(self) -> int:
        """Bytes by which the pointer to columns advances in a round."""
        return self.unrolled // self.geometry.stride * self.geometry.column_bytes

    @property
    def columns_start(self) -> int:
        return self.geometry.offset(self.geometry.pad) if self.geometry.stride == 1 else 0

    def pair_columns(self) -> list[str]:
        g = self.geometry
        code = [
            f"ldr r12, [sp, #{ROWS}]",
            load_words([f"r{i}" for i in range(g.rows)], "r12"),
            f"ldr r7, [sp, #{CHANNEL}]",
            f"ldr lr, [sp, #{COLUMNS}]",
            *add_number("lr", self.columns_start, "r12"),
        ]
        if self.rounds > 1:
            code.append("2:")
        if self.rounds:
            code += [line for u in range(self.unrolled) for line in self.column(u)]
            code += add_number("lr", self.columns_step, "r12") if g.stride > 1 else []
        if self.rounds > 1:
            code += [f"ldr r12, [sp, #{COLUMN_END}]", "cmp lr, r12", "bne 2b"]
        return code + [line for u in range(len(g.inside) % self.unrolled) for line in self.column(u)]

    def column(self, u: int) -> list[str]:
        """Load, pair and store column `u` of a round."""
        g = self.geometry
        code: list[str] = []
        for i in range(0, g.rows, 2):
            word = f"r{8 + i // 2}"
            code.append(f"ldrsb {word}, [r{i}, r7]")
            if i + 1 < g.rows:
                code += [f"ldrsb r12, [r{i + 1}, r7]", f"pkhbt {word}, {word}, r12, lsl #16"]
        words = [f"r{8 + i}" for i in range(g.words)]
        code += [store_words(words, "lr")] if g.stride == 1 else at_offset("str", words, "lr", g.offset(g.pad + u))
        return [*code, f"add r7, r7, #{self.in_channels}"]

    def unpack_weights(self) -> list[str]:
        """A channel's weights to 16-bit pairs in scratch memory, its other constants onto the stack."""
        code = [f"ldr lr, [sp, #{STREAM}]", f"ldr r12, [sp, #{WEIGHTS}]"]
        pairs = self.geometry.taps * self.geometry.words
        for begin in range(0, pairs, 8):
            some = min(8, pairs - begin)
            code.append(load_words([f"r{i}" for i in range(-(-some // 2))], "lr"))
            for i in range(0, some, 2):
                if i + 1 < some:
                    code += [f"lsl r{5 + i}, r{i // 2}, #8", f"and r{5 + i}, r{5 + i}, #0xff00ff00"]
                code.append(f"and r{4 + i}, r{i // 2}, #0xff00ff00")
            code.append(store_words([f"r{4 + i}" for i in range(some)], "r12"))
        if self.rq.tail is not None:
            return [*code, "ldmia lr!, {r0, r1}", f"str lr, [sp, #{STREAM}]", f"strd r0, r1, [sp, #{BIAS}]"]
        return [
            *code,
            "ldmia lr!, {r0, r1, r2}",
            f"str lr, [sp, #{STREAM}]",
            f"strd r0, r1, [sp, #{BIAS}]",
            f"ldr r3, [sp, #{CONSTANT}]",
            *self.rq.constant_lines("r3", "r2", "r3"),
            f"strd r3, r2, [sp, #{C}]",
        ]

    def outputs(self) -> list[str]:
        blocks = self.geometry.blocks
        code = [
            f"ldr r12, [sp, #{COLUMNS}]",
            f"str r12, [sp, #{V_BLOCK}]",
            f"ldr r12, [sp, #{OUT_BASE}]",
            f"str r12, [sp, #{OUT}]",
        ]
        for i, (n, times) in enumerate(blocks):
            if times > 1:
                code += [*load_number("r12", times), f"str r12, [sp, #{COUNT}]", "3:"]
            code += self.block(n)
            if times > 1 or i + 1 < len(blocks):
                code += [
                    f"ldr r12, [sp, #{V_BLOCK}]",
                    *add_number("r12", n * self.geometry.column_bytes, "lr"),
                    f"str r12, [sp, #{V_BLOCK}]",
                ]
            if times > 1:
                code += [f"ldr r12, [sp, #{COUNT}]", "subs r12, r12, #1", f"str r12, [sp, #{COUNT}]", "bne 3b"]
        return code

    def block(self, n: int) -> list[str]:
        """`n` neighbouring outputs of a channel."""
        g = self.geometry
        weights, column = ([f"r{n + k * g.words + i}" for i in range(g.words)] for k in (0, 1))
        code = [f"ldr lr, [sp, #{WEIGHTS}]", f"ldr r12, [sp, #{V_BLOCK}]", f"ldr r{n - 1}, [sp, #{BIAS}]"]
        at = 0
        for tap in range(g.taps):
            code.append(load_words(weights, "lr"))
            start = g.offset(tap * g.dilation)
            by_offset = g.words <= 2
            reach = LARGEST_PAIR_OFFSET - n * g.column_bytes if by_offset else 0
            if not 0 <= start - at <= reach:  # with a stride, columns of the next phase lie far ahead, or back
                code += add_number("r12", start - at, column[0])
                at = start
            for o in range(n):
                if by_offset:
                    code += at_offset("ldr", column, "r12", start - at + o * g.column_bytes)
                else:
                    code.append(load_words(column, "r12"))
                    at += g.column_bytes
                for i in range(g.words):
                    total = f"r{n - 1 if tap == 0 and i == 0 else o}"
                    code.append(f"smlad r{o}, {column[i]}, {weights[i]}, {total}")
        return code + self.finish(n)

    def finish(self, n: int) -> list[str]:
        """Requantise and store `n` sums."""
        code = [f"ldrd r10, r11, [sp, #{MANTISSA}]"] + ([f"ldr r12, [sp, #{TAIL}]"] if self.rq.tail is None else [])
        for o in range(n):
            code += self.rq.lines(f"r{o}", "r10", "r11", "r12", "lr")
        code.append(f"ldr r12, [sp, #{OUT}]")
        step = self.out_channels
        for o in range(n):
            if step <= LARGEST_STEP:
                code.append(f"strb r{o}, [r12], #{step}")
            else:
                code += [f"strb r{o}, [r12]", *add_number("r12", step, "lr")]
        return [*code, f"str r12, [sp, #{OUT}]"]
