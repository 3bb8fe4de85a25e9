"""One pixel times a weight matrix with SMLAD: fully-connected layers of batch 1, 1x1 convolutions of 1x1 images.

r0-r3 sums   r4-r7 weights   r8, r9 four inputs, widened   r10 even weights   r11 counter   r12 inputs   lr stream
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tinyengine_tf.kernels.arithmetic.fast_requantize import Requantization
from tinyengine_tf.kernels.assembly import FUNCTION, in_assembly
from tinyengine_tf.kernels.base import Because, Code, Layout, Lowered, RowWindow, kernel
from tinyengine_tf.kernels.dense.dense_dsp import load_constants, requantize
from tinyengine_tf.kernels.dense.dense_stream import complete_bytes, solve_dense, stream_table
from tinyengine_tf.kernels.dense.matrix_product import MatrixProduct, not_single
from tinyengine_tf.kernels.dense.weighted import depth
from tinyengine_tf.kernels.dense.widen_dsp import widen
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.machine import flow
from tinyengine_tf.machine.frame import WORD, Frame
from tinyengine_tf.machine.instruction import Item
from tinyengine_tf.machine.program import Argument, Function, thumb2_function
from tinyengine_tf.machine.registers import lr, r, r0, r1, r2, r3, r4, r8, r9, r10, r11, r12, sp
from tinyengine_tf.machine.thumb2 import (
    add,
    ldm,
    ldr,
    ldrb,
    ldrh,
    load_number,
    mov,
    movw,
    orr,
    push,
    smlad,
    str_,
    strb,
    sxtb16,
)
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.target import Core

FILTERS = 4
"""Filters computed together: each input is widened once for all of them, in registers."""
ARGUMENTS = (Argument("const int8_t *", "in"), Argument("int8_t *", "out"), Argument("const uint32_t *", "stream"))
FRAME = Frame("inputs", "out", "end", "unused", "constant")
"""What the function is given; of complete blocks in the stream the end; of the requantisation the constant, which lies
where dense_dsp.py has it."""


@kernel(FullyConnected, Conv2D, types=(S8,), isa="dsp", before=("te_conv2d_s8_winograd_dsp",))
def te_fully_connected_s8_dsp(op: MatrixProduct, core: Core) -> Lowered | Because:
    """A single pixel, core has DSP: 4 filters at once with SMLAD, no scratch memory."""
    rq = not_single(op) or solve_dense(op)
    if isinstance(rq, Because):
        return rq

    def params(units: int) -> dict[str, Any]:
        row = RowCode(depth(op), op.out_channels, complete_bytes(op, rq, FILTERS), rq)
        comment = f"One row of {row.inputs} inputs times {row.channels} filters, {FILTERS} filters at a time."
        return in_assembly(comment, row.function())

    return Lowered(
        Code(FUNCTION, params),
        Layout((RowWindow(),), flat=1, hold=1),
        (stream_table(op, rq, FILTERS),),
    )


@dataclass(frozen=True)
class RowCode:
    """All channels of a pixel. stream_bytes: of complete blocks of filters."""

    inputs: int
    channels: int
    stream_bytes: int
    rq: Requantization

    def function(self) -> Function:
        return thumb2_function(ARGUMENTS, self.code(), r9_is_free=True)

    def code(self) -> list[Item]:
        code: list[Item] = [mov(lr, r2), *load_number(r4, self.rq.layer_constant), push((r3, r4))]
        code += [*load_number(r3, self.stream_bytes), add(r3, r3, r2), push((r0, r1, r3))]  # becomes FRAME
        if self.channels >= FILTERS:
            code += flow.until_equal(lr, r10, [*self.block(FILTERS), ldr(r10, FRAME["end"])])
        if rest := self.channels % FILTERS:
            code += self.block(rest)
        return [*code, add(sp, sp, WORD * len(FRAME.names))]

    def block(self, filters: int) -> list[Item]:
        code: list[Item] = [ldr(r12, FRAME["inputs"]), ldm(lr, r[:filters], moves=True)]
        whole, rest = divmod(self.inputs, 4)
        # The loop is unrolled so that nothing is left before it: that code would be as long again.
        unrolled = 4 if whole < 4 else next((n for n in (4, 3, 2) if whole % n == 0), 4)
        group = [ldr(r8, r12.post(4)), *self.multiply(filters)]
        code += group * (whole % unrolled)
        if whole >= unrolled:
            code += [movw(r11, whole // unrolled), *flow.count_down(r11, group * unrolled)]
        if rest:
            code += [ldrb(r8, r12[0]) if rest == 1 else ldrh(r8, r12[0])]
            code += [ldrb(r9, r12[2]), orr(r8, r8, r9.lsl(16))] if rest == 3 else []
            code += self.multiply(filters)
        code += load_constants(self.rq, filters, first=4)
        for f in range(filters):
            code += requantize(self.rq, range(f, f + 1), 4 + f, next_filter=f > 0)
        return [
            *code,
            ldr(r9, FRAME["out"]),
            *(strb(total, r9.post(1)) for total in r[:filters]),
            str_(r9, FRAME["out"]),
        ]

    def multiply(self, filters: int) -> list[Item]:
        """Four inputs in r8 times four weights of each filter."""
        weights = r[4 : 4 + filters]
        code: list[Item] = [*widen(r9, r8), ldm(lr, weights, moves=True)]
        for total, w in zip(r, weights, strict=False):
            code += [sxtb16(r10, w), smlad(total, w, r9, total), smlad(total, r10, r8, total)]
        return code
