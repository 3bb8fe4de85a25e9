"""DEPTHWISE_CONV_2D 3x3 with SMLAD, channel by channel along a row, everything in registers.

A column of the window is one word with rows 0 and 1 and one with row 2; it is loaded once and multiplied for
each of the (up to three) outputs it belongs to. Weights are 256-fold, so that sums are what fast_requantize.py takes.

    r0-r2 rows   r3 out   r4-r6 weights of rows 0 and 1 for each column   r7, r8 weights of row 2
    r9-r11 sums of the outputs in progress (stride 2: two of them, and the bias)   r12, lr the column
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
from tinyengine_tf.machine.thumb2 import (
    LARGEST_OFFSET,
    LARGEST_STEP,
    add,
    add_number,
    and_,
    ldm,
    ldr,
    ldrd,
    ldrsb,
    load_number,
    lsl,
    lsr,
    mov,
    pkhbt,
    smlabb,
    smlabt,
    smlad,
    str_,
    strb,
    strd,
)
from tinyengine_tf.ops.base import HW
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.target import Core

FRAME = Frame("stream", "stream_end", "bias", "mantissa", "c", "tail", "row_end", "constant")
"""Of the stream where it is and ends, the requantisation of a channel, where a loop over a row ends."""
ARGUMENTS = (
    Argument("const int8_t *const *", "in"),
    Argument("int8_t *", "out"),
    Argument("const uint32_t *", "stream"),
)
HALVES = 0xFF00FF00
"""Every other byte: two weights, 256-fold."""
ROWS = (r0, r1, r2)
UNROLLED = 8
"""Rows of up to this many outputs are unrolled completely."""
IN_LOOP = {1: 6, 2: 4}
"""Outputs per round of the loop over longer rows, by stride; a multiple of the outputs in progress."""


@kernel(DepthwiseConv2D, types=S8_AND_WIDENED, isa="dsp", before=("te_depthwise_conv2d_s8_dsp",))
def te_depthwise_conv2d_s8_3x3_dsp(op: DepthwiseConv2D, core: Core) -> Lowered | Because:
    """3x3, core has DSP: each column is loaded once for three outputs."""
    w = op.window
    if w.kernel != HW(3, 3) or w.dilation.w != 1 or w.stride.w > 2 or op.multiplier != 1:
        return Because("not a 3x3 window of stride 1 or 2")
    if op.output.shape[3] > LARGEST_OFFSET // 2 or w.pad_left > 2:
        return Because("too many channels")
    rq = solve(op)
    if isinstance(rq, Because):
        return rq
    return Lowered(
        Code(FUNCTION, lambda units: _params(op, rq)),
        Layout((conv_window(op),)),
        (Table("stream", "uint32_t", 5 * op.out_channels, lambda: stream(op, rq)),),
    )


def _params(op: DepthwiseConv2D, rq: Requantization) -> dict[str, Any]:
    return in_assembly(
        f"One output row of a 3x3 depthwise convolution, stride {op.window.stride.w}, {op.image.w} -> "
        f"{op.out_image.w} columns, {op.out_channels} channels.",
        RowCode(op, rq).function(),
    )


def stream(op: DepthwiseConv2D, rq: Requantization) -> Array:
    """Per channel: weights of rows 0 and 1, of column 2 and row 2, the last weight with the shift; bias; multiplier."""
    w = op.weights.values.astype(np.int64)[0] * ~rq.constant & 0xFF
    first = w[0, 1] | w[0, 0] << 8 | w[1, 1] << 16 | w[1, 0] << 24
    second = w[2, 0] | w[0, 2] << 8 | w[2, 1] << 16 | w[1, 2] << 24
    third = w[2, 2] << 8 | rq.tails << 16
    words: Array = np.stack((first, second, third, rq.biases, rq.mantissas), axis=1).reshape(-1) & 0xFFFFFFFF
    return words


class RowCode:
    """Assembly for one output row."""

    def __init__(self, op: DepthwiseConv2D, rq: Requantization):
        self.rq = rq
        self.stride, self.pad = op.window.stride.w, op.window.pad_left
        self.in_width, self.out_width, self.channels = op.image.w, op.out_image.w, op.out_channels
        self.zero = op.input.zero_point
        self.in_progress = 4 - self.stride
        self.in_offset = self.out_offset = 0
        self.loaded = 0

    def function(self) -> Function:
        return thumb2_function(ARGUMENTS, self.code(), frame=FRAME, r9_is_free=True)

    def code(self) -> list[Item]:
        begin = [
            mov(r3, r1),
            mov(r12, r2),
            *load_number(lr, 20 * self.channels),
            add(lr, lr, r2),
            strd(r12, lr, FRAME.pair("stream", "stream_end")),
            *load_number(lr, self.rq.layer_constant),
            str_(lr, FRAME["c" if self.rq.tail is not None else "constant"]),
            ldm(r0, ROWS),
        ]
        channel = [*self.load_channel(), *self.row(), *self.advance_pointers()]
        back = self.loaded * self.channels - 1
        channel += [i for row in ROWS for i in add_number(row, -back, r12)]
        channel += add_number(r3, 1 - self.out_width * self.channels, r12)
        end = ldrd(r12, lr, FRAME.pair("stream", "stream_end"))
        return [*begin, *flow.until_equal(r12, lr, [*channel, end])]

    def load_channel(self) -> list[Item]:
        """Weights of a channel into registers, its other constants into the frame; r12 points into the stream."""
        code: list[Item] = [
            ldm(r12, (r4, r6, r8, r9, r10), moves=True),
            str_(r12, FRAME["stream"]),
            lsl(r5, r4, 8),
            and_(r5, r5, HALVES),
            and_(r4, r4, HALVES),
            lsl(r7, r6, 8),
            and_(r7, r7, HALVES),
            and_(r6, r6, HALVES),
            strd(r9, r10, FRAME.pair("bias", "mantissa")),
        ]
        if self.rq.tail is None:
            code += [lsr(r12, r8, 16), ldr(lr, FRAME["constant"]), *self.rq.channel_constant(lr, r12, lr)]
            code.append(strd(lr, r12, FRAME.pair("c", "tail")))
        return code + ([mov(r11, r9)] if self.in_progress == 2 else [])

    def row(self) -> list[Item]:
        """All outputs of one channel: a beginning and an end with padding, between them a loop if there is enough."""
        steady = [o for o in range(1, self.out_width) if self.is_steady(o)]
        count = IN_LOOP[self.stride]
        rounds = len(steady) // count if self.out_width > UNROLLED else 0
        code: list[Item] = []
        output = 0
        while output < self.out_width:
            if rounds > 1 and output == steady[0]:
                code += self.loop(output, count, rounds)
                output += rounds * count
            else:
                code += self.output(output)
                output += 1
        return code

    def is_steady(self, output: int) -> bool:
        """Whether all columns that this output's turn loads exist, and are needed by the next output too."""
        last = output * self.stride - self.pad + 2
        return last - self.stride + 1 >= 0 and last < self.in_width and output + 2 // self.stride < self.out_width

    def loop(self, output: int, count: int, rounds: int) -> list[Item]:
        begin = self.advance_pointers()
        begin += [*load_number(r12, rounds * count * self.channels), add(r12, r12, r3), str_(r12, FRAME["row_end"])]
        before = self.loaded
        outputs = [item for o in range(output, output + count) for item in self.output(o)]
        outputs += [*self.advance_pointers(), ldr(r12, FRAME["row_end"])]
        self.loaded += (rounds - 1) * (self.loaded - before)
        return [*begin, *flow.until_equal(r3, r12, outputs)]

    def output(self, output: int) -> list[Item]:
        """The columns that complete an output, then its requantisation."""
        last = output * self.stride - self.pad + 2
        first = -self.pad if output == 0 else last - self.stride + 1
        code = [item for column in range(first, last + 1) for item in self.column(column)]
        total, rq = self.total(output), self.rq
        code += [ldrd(r12, lr, FRAME.pair("mantissa", "c")), *rq.product(total, r12, lr, r12)]
        if rq.tail is None:
            code.append(ldr(r12, FRAME["tail"]))
        return [*code, *rq.shifted(total, r12), *self.store(total)]

    def total(self, output: int) -> CoreRegister:
        return r[9 + output % self.in_progress]

    def column(self, column: int) -> list[Item]:
        """Load a column and multiply it for every output it belongs to."""
        code: list[Item] = []
        if 0 <= column < self.in_width:
            code += self.load_column()
        else:
            code += [*load_number(r12, (self.zero & 0xFFFF) * 0x10001), mov(lr, self.zero)]
        for tap, (weights, single, row) in enumerate(((r4, smlabb, r7), (r5, smlabt, r7), (r6, smlabb, r8))):
            output, between = divmod(column + self.pad - tap, self.stride)
            if between or not 0 <= output < self.out_width:
                continue
            total = start = self.total(output)
            if tap == 0 and self.in_progress == 2:
                start = r11
            elif tap == 0:
                code.append(ldr(total, FRAME["bias"]))
            code += [smlad(total, r12, weights, start), single(total, lr, row, total)]
        return code

    def load_column(self) -> list[Item]:
        code: list[Item] = []
        if self.channels <= LARGEST_STEP:
            first, second, third = (row.post(self.channels) for row in ROWS)
        else:
            if self.in_offset > LARGEST_OFFSET:
                code += self.advance_inputs()
            first, second, third = (row[self.in_offset] for row in ROWS)
            self.in_offset += self.channels
        self.loaded += 1
        return [*code, ldrsb(r12, first), ldrsb(lr, second), pkhbt(r12, r12, lr.lsl(16)), ldrsb(lr, third)]

    def store(self, total: CoreRegister) -> list[Item]:
        if self.channels <= LARGEST_STEP:
            return [strb(total, r3.post(self.channels))]
        code: list[Item] = []
        if self.out_offset > LARGEST_OFFSET:
            code += add_number(r3, self.out_offset, r12)
            self.out_offset = 0
        code.append(strb(total, r3[self.out_offset]))
        self.out_offset += self.channels
        return code

    def advance_inputs(self) -> list[Item]:
        offset, self.in_offset = self.in_offset, 0
        return [i for row in ROWS for i in add_number(row, offset, r12)]

    def advance_pointers(self) -> list[Item]:
        """Make the pointers point where the next load and store will be; r12 is lost."""
        code = self.advance_inputs()
        offset, self.out_offset = self.out_offset, 0
        return [*code, *add_number(r3, offset, r12)]
