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
from tinyengine_tf.kernels.assembly import FUNCTION, in_assembly
from tinyengine_tf.kernels.base import Array, Because, Code, Layout, Lowered, Table, kernel
from tinyengine_tf.kernels.dense.window import conv_window
from tinyengine_tf.kernels.types import S8_AND_WIDENED
from tinyengine_tf.machine import flow
from tinyengine_tf.machine.frame import Frame
from tinyengine_tf.machine.instruction import Item
from tinyengine_tf.machine.program import Argument, Function, thumb2_function
from tinyengine_tf.machine.registers import Address, lr, r, r0, r1, r2, r3, r7, r10, r11, r12
from tinyengine_tf.machine.thumb2 import (
    LARGEST_OFFSET,
    LARGEST_PAIR_OFFSET,
    LARGEST_STEP,
    add,
    add_number,
    and_,
    ldm,
    ldr,
    ldrd,
    ldrsb,
    load_at,
    load_number,
    lsl,
    mov,
    pkhbt,
    smlad,
    stm,
    store_at,
    str_,
    strb,
    strd,
    subs,
)
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.target import Core

FRAME = Frame(
    *("column_end", "columns_read", "out", "out_base", "stream", "stream_end", "bias", "mantissa", "c", "tail"),
    *("rows", "channel", "count", "constant", "columns", "weights", "times"),
)
"""For the loops over channels, outputs and columns: where each is and where it ends. c, tail: of the requantisation."""
ARGUMENTS = (
    Argument("const int8_t *const *", "in"),
    Argument("int8_t *", "out"),
    Argument("uint8_t *", "scratch"),
    Argument("const uint32_t *", "stream"),
)
HALVES = 0xFF00FF00
"""Every other byte: two weights, 256-fold."""
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


@kernel(DepthwiseConv2D, types=S8_AND_WIDENED, isa="dsp", before=("te_depthwise_conv2d_s8_vector",))
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
        Code(FUNCTION, lambda units: _params(op, rq, geometry)),
        Layout((conv_window(op),), scratch_bytes=scratch_bytes),
        (Table("stream", "uint32_t", op.out_channels * channel_words(op, rq), lambda: stream(op, rq)),),
    )


def _params(op: DepthwiseConv2D, rq: Requantization, geometry: Geometry) -> dict[str, Any]:
    w = op.window
    return in_assembly(
        f"One output row of a {w.kernel.h}x{w.kernel.w} depthwise convolution, stride {w.stride.w}, "
        f"{op.image.w} -> {op.out_image.w} columns, {op.input.shape[3]} -> {op.out_channels} channels.",
        RowCode(op, rq, geometry).function(),
    )


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

    def function(self) -> Function:
        return thumb2_function(ARGUMENTS, self.code(), frame=FRAME, r9_is_free=True)

    def code(self) -> list[Item]:
        outputs = [*self.unpack_weights(), *self.outputs(), *increment(FRAME["out_base"])]
        if self.multiplier > 1:
            times = FRAME["times"]
            count = [ldr(r12, times), subs(r12, r12, 1), str_(r12, times)]
            outputs = flow.repeat_while("ne", [*outputs, *count])
            outputs = [*load_number(r12, self.multiplier), str_(r12, times), *outputs]
        channel = [*self.pair_columns(), *outputs, *increment(FRAME["channel"])]
        end = ldrd(r12, lr, FRAME.pair("stream", "stream_end"))
        return [*self.begin(), *flow.until_equal(r12, lr, [*channel, end])]

    def begin(self) -> list[Item]:
        """What the frame holds, and padding columns, which stay for all channels."""
        g = self.geometry
        code: list[Item] = [
            str_(r1, FRAME["out_base"]),
            str_(r2, FRAME["columns"]),
            str_(r3, FRAME["stream"]),
            str_(r0, FRAME["rows"]),
            *load_number(r12, self.stream_bytes),
            add(r12, r12, r3),
            str_(r12, FRAME["stream_end"]),
            add(r12, r2, g.columns_bytes),
            str_(r12, FRAME["weights"]),
            mov(r12, 0),
            str_(r12, FRAME["channel"]),
            *load_number(r12, self.rq.layer_constant),
            str_(r12, FRAME["c" if self.rq.tail is not None else "constant"]),
            add(r12, r2, self.rounds * self.columns_step + self.columns_start),
            str_(r12, FRAME["column_end"]),
        ]
        if g.outside:
            code += load_number(r12, (self.zero & 0xFFFF) * 0x10001)
        return code + [str_(r12, r2[g.offset(column) + 4 * i]) for column in g.outside for i in range(g.words)]

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

    def pair_columns(self) -> list[Item]:
        g = self.geometry
        code: list[Item] = [
            ldr(r12, FRAME["rows"]),
            ldm(r12, r[: g.rows]),
            ldr(r7, FRAME["channel"]),
            ldr(lr, FRAME["columns"]),
            *add_number(lr, self.columns_start, r12),
        ]
        if self.rounds:
            columns = [item for u in range(self.unrolled) for item in self.column(u)]
            columns += add_number(lr, self.columns_step, r12) if g.stride > 1 else []
            if self.rounds > 1:
                columns = flow.until_equal(lr, r12, [*columns, ldr(r12, FRAME["column_end"])])
            code += columns
        return code + [item for u in range(len(g.inside) % self.unrolled) for item in self.column(u)]

    def column(self, u: int) -> list[Item]:
        """Load, pair and store column `u` of a round."""
        g = self.geometry
        code: list[Item] = []
        words = r[8 : 8 + g.words]
        for i, word in enumerate(words):
            code.append(ldrsb(word, r[2 * i][r7]))
            if 2 * i + 1 < g.rows:
                code += [ldrsb(r12, r[2 * i + 1][r7]), pkhbt(word, word, r12.lsl(16))]
        code += [stm(lr, words, moves=True)] if g.stride == 1 else store_at(words, lr, g.offset(g.pad + u))
        return [*code, add(r7, r7, self.in_channels)]

    def unpack_weights(self) -> list[Item]:
        """A channel's weights to 16-bit pairs in scratch memory, its other constants into the frame."""
        code: list[Item] = [ldr(lr, FRAME["stream"]), ldr(r12, FRAME["weights"])]
        pairs = self.geometry.taps * self.geometry.words
        for begin in range(0, pairs, 8):
            some = min(8, pairs - begin)
            code.append(ldm(lr, r[: -(-some // 2)], moves=True))
            for i in range(0, some, 2):
                if i + 1 < some:
                    code += [lsl(r[5 + i], r[i // 2], 8), and_(r[5 + i], r[5 + i], HALVES)]
                code.append(and_(r[4 + i], r[i // 2], HALVES))
            code.append(stm(r12, r[4 : 4 + some], moves=True))
        constants = r[: 2 if self.rq.tail is not None else 3]
        code += [
            ldm(lr, constants, moves=True),
            str_(lr, FRAME["stream"]),
            strd(r0, r1, FRAME.pair("bias", "mantissa")),
        ]
        if self.rq.tail is None:
            code += [
                ldr(r3, FRAME["constant"]),
                *self.rq.channel_constant(r3, r2, r3),
                strd(r3, r2, FRAME.pair("c", "tail")),
            ]
        return code

    def outputs(self) -> list[Item]:
        blocks = self.geometry.blocks
        code: list[Item] = [
            ldr(r12, FRAME["columns"]),
            str_(r12, FRAME["columns_read"]),
            ldr(r12, FRAME["out_base"]),
            str_(r12, FRAME["out"]),
        ]
        for i, (n, times) in enumerate(blocks):
            block = self.block(n)
            if times > 1 or i + 1 < len(blocks):
                block += [
                    ldr(r12, FRAME["columns_read"]),
                    *add_number(r12, n * self.geometry.column_bytes, lr),
                    str_(r12, FRAME["columns_read"]),
                ]
            if times > 1:
                count = [ldr(r12, FRAME["count"]), subs(r12, r12, 1), str_(r12, FRAME["count"])]
                code += [*load_number(r12, times), str_(r12, FRAME["count"])]
                block = flow.repeat_while("ne", [*block, *count])
            code += block
        return code

    def block(self, n: int) -> list[Item]:
        """`n` neighbouring outputs of a channel."""
        g = self.geometry
        weights, column = r[n : n + g.words], r[n + g.words : n + 2 * g.words]
        code: list[Item] = [ldr(lr, FRAME["weights"]), ldr(r12, FRAME["columns_read"]), ldr(r[n - 1], FRAME["bias"])]
        at = 0
        for tap in range(g.taps):
            code.append(ldm(lr, weights, moves=True))
            start = g.offset(tap * g.dilation)
            by_offset = g.words <= 2
            reach = LARGEST_PAIR_OFFSET - n * g.column_bytes if by_offset else 0
            if not 0 <= start - at <= reach:  # with a stride, columns of the next phase lie far ahead, or back
                code += add_number(r12, start - at, column[0])
                at = start
            for o in range(n):
                if by_offset:
                    code += load_at(column, r12, start - at + o * g.column_bytes)
                else:
                    code.append(ldm(r12, column, moves=True))
                    at += g.column_bytes
                for i in range(g.words):
                    total = r[n - 1 if tap == 0 and i == 0 else o]
                    code.append(smlad(r[o], column[i], weights[i], total))
        return code + self.finish(n)

    def finish(self, n: int) -> list[Item]:
        """Requantise and store `n` sums."""
        code: list[Item] = [ldrd(r10, r11, FRAME.pair("mantissa", "c"))]
        code += [ldr(r12, FRAME["tail"])] if self.rq.tail is None else []
        for total in r[:n]:
            code += self.rq.output(total, r10, r11, r12, lr)
        code.append(ldr(r12, FRAME["out"]))
        step = self.out_channels
        for total in r[:n]:
            if step <= LARGEST_STEP:
                code.append(strb(total, r12.post(step)))
            else:
                code += [strb(total, r12[0]), *add_number(r12, step, lr)]
        return [*code, str_(r12, FRAME["out"])]


def increment(slot: Address) -> list[Item]:
    return [ldr(r12, slot), add(r12, r12, 1), str_(r12, slot)]
