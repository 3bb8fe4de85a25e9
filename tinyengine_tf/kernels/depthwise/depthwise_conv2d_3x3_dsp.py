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
from tinyengine_tf.kernels.base import Array, Because, Code, Layout, Lowered, Table, kernel
from tinyengine_tf.kernels.dense.window import conv_window
from tinyengine_tf.kernels.thumb import LARGEST_OFFSET, LARGEST_STEP, add_number, load_number
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.base import HW
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.target import Core

STREAM, STREAM_END, BIAS, MANTISSA, C, TAIL, ROW_END, CONSTANT, FRAME_BYTES = 0, 4, 8, 12, 16, 20, 24, 28, 32
"""Stack offsets."""
UNROLLED = 8
"""Rows of up to this many outputs are unrolled completely."""
IN_LOOP = {1: 6, 2: 4}
"""Outputs per round of the loop over longer rows, by stride; a multiple of the outputs in progress."""


@kernel(DepthwiseConv2D, types=(S8,), isa="dsp", before=("te_depthwise_conv2d_s8_dsp",))
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
        Code("c/assembly.c.j2", lambda units: _params(op, rq)),
        Layout((conv_window(op),)),
        (Table("stream", "uint32_t", 5 * op.out_channels, lambda: stream(op, rq)),),
    )


def _params(op: DepthwiseConv2D, rq: Requantization) -> dict[str, Any]:
    stride, width = op.window.stride.w, op.out_image.w
    return {
        "comment": f"One output row of a 3x3 depthwise convolution, stride {stride}, "
        f"{op.image.w} -> {width} columns, "
        f"{op.out_channels} channels.",
        "arguments": ("const int8_t *const *in", "int8_t *out", "const uint32_t *stream"),
        "lines": RowCode(op, rq).lines(),
    }


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
        self.code: list[str] = []
        self.in_offset = self.out_offset = 0
        self.loaded = 0

    def lines(self) -> list[str]:
        self.code = [
            "push {r4-r11, lr}",
            f"sub sp, sp, #{FRAME_BYTES}",
            "mov r3, r1",
            "mov r12, r2",
            *load_number("lr", 20 * self.channels),
            "add lr, lr, r2",
            f"strd r12, lr, [sp, #{STREAM}]",
            *load_number("lr", self.rq.layer_constant),
            f"str lr, [sp, #{C if self.rq.tail is not None else CONSTANT}]",
            "ldmia r0, {r0, r1, r2}",
            "1:",
            *self.load_channel(),
        ]
        self.row()
        self.advance_pointers()
        back = self.loaded * self.channels - 1
        self.code += [line for r in ("r0", "r1", "r2") for line in add_number(r, -back, "r12")]
        self.code += add_number("r3", 1 - self.out_width * self.channels, "r12")
        self.code += [
            f"ldrd r12, lr, [sp, #{STREAM}]",
            "cmp r12, lr",
            "bne 1b",
            f"add sp, sp, #{FRAME_BYTES}",
            "pop {r4-r11, lr}",
        ]
        return self.code

    def load_channel(self) -> list[str]:
        """Weights of a channel into registers, its other constants onto the stack; r12 points into the stream."""
        mask = "#0xff00ff00"
        lines = [
            "ldmia r12!, {r4, r6, r8, r9, r10}",
            f"str r12, [sp, #{STREAM}]",
            "lsl r5, r4, #8",
            f"and r5, r5, {mask}",
            f"and r4, r4, {mask}",
            "lsl r7, r6, #8",
            f"and r7, r7, {mask}",
            f"and r6, r6, {mask}",
            f"strd r9, r10, [sp, #{BIAS}]",
        ]
        if self.rq.tail is None:
            lines += [
                "lsr r12, r8, #16",
                f"ldr lr, [sp, #{CONSTANT}]",
                *self.rq.constant_lines("lr", "r12", "lr"),
                f"strd lr, r12, [sp, #{C}]",
            ]
        return lines + (["mov r11, r9"] if self.in_progress == 2 else [])

    def row(self) -> None:
        """All outputs of one channel: a beginning and an end with padding, between them a loop if there is enough."""
        steady = [o for o in range(1, self.out_width) if self.is_steady(o)]
        count = IN_LOOP[self.stride]
        rounds = len(steady) // count if self.out_width > UNROLLED else 0
        output = 0
        while output < self.out_width:
            if rounds > 1 and output == steady[0]:
                self.loop(output, count, rounds)
                output += rounds * count
            else:
                self.output(output)
                output += 1

    def is_steady(self, output: int) -> bool:
        """Whether all columns that this output's turn loads exist, and are needed by the next output too."""
        last = output * self.stride - self.pad + 2
        return last - self.stride + 1 >= 0 and last < self.in_width and output + 2 // self.stride < self.out_width

    def loop(self, output: int, count: int, rounds: int) -> None:
        self.advance_pointers()
        size = count * self.channels
        self.code += [*load_number("r12", rounds * size), "add r12, r12, r3", f"str r12, [sp, #{ROW_END}]", "2:"]
        before = self.loaded
        for o in range(output, output + count):
            self.output(o)
        self.advance_pointers()
        self.code += [f"ldr r12, [sp, #{ROW_END}]", "cmp r3, r12", "bne 2b"]
        self.loaded += (rounds - 1) * (self.loaded - before)

    def output(self, output: int) -> None:
        """The columns that complete an output, then its requantisation."""
        last = output * self.stride - self.pad + 2
        first = -self.pad if output == 0 else last - self.stride + 1
        for column in range(first, last + 1):
            self.column(column)
        total = self.total(output)
        rq = self.rq
        self.code += [f"ldrd r12, lr, [sp, #{MANTISSA}]", *rq.product_lines(total, "r12", "lr", "r12")]
        if rq.tail is None:
            self.code.append(f"ldr r12, [sp, #{TAIL}]")
        self.code += rq.tail_lines(total, "r12")
        self.store(total)

    def total(self, output: int) -> str:
        return f"r{9 + output % self.in_progress}"

    def column(self, column: int) -> None:
        """Load a column and multiply it for every output it belongs to."""
        if 0 <= column < self.in_width:
            self.load_column()
        else:
            both = (self.zero & 0xFFFF) * 0x10001
            self.code += [*load_number("r12", both), f"mov lr, #{self.zero}"]
        for tap, (weights, single, row) in enumerate(
            (("r4", "smlabb", "r7"), ("r5", "smlabt", "r7"), ("r6", "smlabb", "r8"))
        ):
            output, between = divmod(column + self.pad - tap, self.stride)
            if between or not 0 <= output < self.out_width:
                continue
            total = start = self.total(output)
            if tap == 0 and self.in_progress == 2:
                start = "r11"
            elif tap == 0:
                self.code.append(f"ldr {total}, [sp, #{BIAS}]")
            self.code += [f"smlad {total}, r12, {weights}, {start}", f"{single} {total}, lr, {row}, {total}"]

    def load_column(self) -> None:
        if self.channels <= LARGEST_STEP:
            first, second, third = (f"[r{i}], #{self.channels}" for i in range(3))
        else:
            if self.in_offset > LARGEST_OFFSET:
                self.advance_inputs()
            first, second, third = (f"[r{i}, #{self.in_offset}]" for i in range(3))
            self.in_offset += self.channels
        self.loaded += 1
        self.code += [f"ldrsb r12, {first}", f"ldrsb lr, {second}", "pkhbt r12, r12, lr, lsl #16", f"ldrsb lr, {third}"]

    def store(self, total: str) -> None:
        if self.channels <= LARGEST_STEP:
            self.code.append(f"strb {total}, [r3], #{self.channels}")
            return
        if self.out_offset > LARGEST_OFFSET:
            self.code += add_number("r3", self.out_offset, "r12")
            self.out_offset = 0
        self.code.append(f"strb {total}, [r3, #{self.out_offset}]")
        self.out_offset += self.channels

    def advance_inputs(self) -> None:
        if self.in_offset:
            self.code += [line for r in ("r0", "r1", "r2") for line in add_number(r, self.in_offset, "r12")]
        self.in_offset = 0

    def advance_pointers(self) -> None:
        """Make the pointers point where the next load and store will be; r12 is lost."""
        self.advance_inputs()
        if self.out_offset:
            self.code += add_number("r3", self.out_offset, "r12")
        self.out_offset = 0
