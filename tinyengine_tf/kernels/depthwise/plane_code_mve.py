"""Assembly of depthwise convolutions with Helium: one block of output columns (depthwise_conv2d_mve.py).

1. columns    r0-r6 rows   r8 to   lr count   q0 data   q1-q7 places, for each row
2. products   r1, r3 planes of two channels   r5 weights   r7 sums   r0, r2, ... sums of windows   lr pairs
3. results    r1 out   r5 constants   r7 sums   q0, q1 values   q2-q7 constants
"""

from __future__ import annotations

from collections.abc import Sequence

from tinyengine_tf.kernels.arithmetic.requantize_mve import SHIFTS, VectorRequantization, mov_small
from tinyengine_tf.kernels.dense.window import pads_columns
from tinyengine_tf.kernels.depthwise.planes import CHANNELS, CHUNK, SUM_BYTES, Planes
from tinyengine_tf.machine import flow
from tinyengine_tf.machine.frame import Frame
from tinyengine_tf.machine.helium import (
    LARGEST_OFFSET,
    LARGEST_STEP,
    vadd,
    vctp,
    vdup,
    vldrb,
    vldrh,
    vldrw,
    vmladav,
    vmladava,
    vqmovnb,
    vshl,
    vstrb,
)
from tinyengine_tf.machine.instruction import Item
from tinyengine_tf.machine.program import Argument, Function, thumb2_function
from tinyengine_tf.machine.registers import (
    CoreRegister,
    Vector,
    lr,
    q,
    q0,
    q1,
    q2,
    q6,
    q7,
    r,
    r0,
    r1,
    r2,
    r3,
    r4,
    r5,
    r7,
    r8,
    r9,
    r11,
    r12,
    sp,
)
from tinyengine_tf.machine.thumb2 import add, add_number, ldm, ldr, load_number, mov, stm, str_, strd, subs
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D

FRAME = Frame("rows", "out", "scratch", "offset", "before", "inside", "after", "stream", "left")
"""What the function is given, of the stream what is next, and channels that are left."""
ARGUMENTS = (
    Argument("const int8_t *const *", "in"),
    Argument("int8_t *", "out"),
    Argument("uint8_t *", "scratch"),
    Argument("const int32_t *", "block"),
)


class PlaneCode:
    """Assembly for one block of output columns, all channels; on entry r0 rows, r1 out, r2 scratch memory, r3 block.

    The block: address of the stream, offset of its first column inside the image in bytes, columns before the image,
    inside it, and after it.
    """

    def __init__(self, op: DepthwiseConv2D, p: Planes, rq: VectorRequantization):
        self.p, self.rq = p, rq
        self.in_channels, self.zero = op.input.shape[3], op.input.zero_point
        self.padded = pads_columns(op)

    def function(self) -> Function:
        return thumb2_function(ARGUMENTS, self.code(), frame=FRAME, r9_is_free=True)

    def code(self) -> list[Item]:
        p = self.p
        begin = [
            ldm(r3, r[3:8]),
            stm(sp, (r0, r1, r2, *r[4:8])),  # the frame's first slots
            add(r4, r3, 16),
            str_(r4, FRAME["stream"]),
            mov(r11, r3),
            *load_number(r12, self.rq.scalar),
            *load_number(r0, p.channels),
            str_(r0, FRAME["left"]),
        ]
        group = [*self.columns(), *self.products(), *self.results()]
        if p.channels <= CHANNELS:
            return [*begin, *group]
        advance = [ldr(r0, FRAME["out"]), add(r0, r0, CHANNELS), str_(r0, FRAME["out"])]
        if p.multiplier == 1:
            advance += [ldr(r0, FRAME["offset"]), add(r0, r0, CHANNELS), str_(r0, FRAME["offset"])]
        count = [ldr(r0, FRAME["left"]), subs(r0, r0, CHANNELS), str_(r0, FRAME["left"])]
        return [*begin, *flow.repeat_while("gt", [*group, *advance, *count])]

    def columns(self) -> list[Item]:
        """Lay out the channels' columns. r11 points to the places."""
        p = self.p
        code: list[Item] = []
        together = 7 if p.multiplier == 1 else 6
        code += [ldr(r9, FRAME["left"]), vctp(16, r9)] if p.partial_channels else []
        if p.multiplier > 1:
            code += [ldr(r9, FRAME["stream"]), vldrh(q7, r9.post(16), "u16"), str_(r9, FRAME["stream"])]
        code.append(vldrh(q1, r11[0], "u16"))
        for first in range(0, p.kernel.h, together):
            rows = r[: min(together, p.kernel.h - first)]
            if first == 0:
                for i in range(1, len(rows)):
                    code += [mov(r8, i), vadd(q[1 + i], q1, r8, "i16")]
            code += [ldr(r8, FRAME["scratch"]), *add_number(r8, first, r9)]
            code += self.edge("before", len(rows))
            code.append(ldr(r9, FRAME["rows"]))
            code += [ldr(row, r9[4 * (first + i)]) for i, row in enumerate(rows)]
            code += [ldr(r9, FRAME["offset"]), *(add(row, row, r9) for row in rows)]
            far = p.multiplier > 1 or self.in_channels > LARGEST_STEP
            code += load_number(r9, self.in_channels) if far else []
            code += [ldr(lr, FRAME["inside"]), *flow.hardware_loop_if_any(self.column(rows, far))]
            code += self.edge("after", len(rows))
        return code

    def column(self, rows: Sequence[CoreRegister], far: bool) -> list[Item]:
        """One column of each row to its places; `far`: pointers move on by r9."""
        p = self.p
        code: list[Item] = []
        for i, row in enumerate(rows):
            where = row[q7] if p.multiplier > 1 else row[0] if far else row.post(self.in_channels)
            code += flow.predicated_if(p.partial_channels, vldrb(q0, where, "u16"))
            code.append(vstrb(q0, r8[q[1 + i]], "16"))
            code += [add(row, row, r9)] if far else []
        return [*code, add(r8, r8, p.kernel.h)]

    def edge(self, count: str, rows: int) -> list[Item]:
        """Columns outside the image hold the input's zero point."""
        if not self.padded:
            return []
        fill = [vstrb(q0, r8[q[1 + i]], "16") for i in range(rows)]
        begin = [mov_small(r9, self.zero), vdup(q0, r9, 16)]
        loop = flow.hardware_loop_if_any([*fill, add(r8, r8, self.p.kernel.h)], begin)
        return [ldr(lr, FRAME[count]), *loop]

    def products(self) -> list[Item]:
        """Sums of all windows, two channels at a time."""
        p = self.p
        code: list[Item] = [
            ldr(r1, FRAME["scratch"]),
            ldr(r5, FRAME["stream"]),
            *load_number(r9, p.sums_offset),
            add(r7, r1, r9),
        ]
        code += [add(r5, r5, p.zeros)] if p.zeros else []
        code += [mov(r9, p.partial_taps), vctp(8, r9)] if p.partial_taps else []
        pair = self.pair_in_turns() if 2 * p.chunks + 2 > len(q) else self.pair_together()
        return [*code, mov(lr, 4), *flow.hardware_loop([*pair, add(r7, r7, 8)]), str_(r5, FRAME["stream"])]

    def offset(self, window: int, chunk: int = 0) -> int:
        return window * self.p.step + CHUNK * chunk

    def weights(self, to: Vector, offset: int, chunk: int) -> list[Item]:
        """Weights of a chunk, beyond r5; of the last one, lanes may be missing."""
        partial = bool(self.p.partial_taps) and chunk == self.p.chunks - 1
        return flow.predicated_if(partial, vldrb(to, r5[offset], "8"))

    def pair_together(self) -> list[Item]:
        """Both channels' weights stay in registers; windows within one load share it."""
        p = self.p
        code: list[Item] = [mov(r3, r1), *add_number(r3, p.plane, r9)]
        weights: dict[tuple[int, int, int], Vector] = {}
        for c in range(2):
            for k in range(p.chunks):
                for shift in range(p.shared):
                    weights[c, k, shift] = to = q[len(weights)]
                    code += self.weights(to, c * p.weight_bytes + CHUNK * k - shift * p.step, k)
        code += add_number(r5, 2 * p.weight_bytes, r9)
        free = q[len(weights) :]
        moved = 0
        for first in range(0, p.columns, p.shared):
            windows = range(min(p.shared, p.columns - first))
            if self.offset(first, p.chunks - 1) - moved > LARGEST_OFFSET:
                step = self.offset(first) - moved
                code += [*add_number(r1, step, r9), *add_number(r3, step, r9)]
                moved += step
            sums = [[r[2 * (c * len(windows) + i)] for i in windows] for c in range(2)]
            for k in range(p.chunks):
                multiply = vmladava if k else vmladav
                code += [vldrb(free[c], plane[self.offset(first, k) - moved], "8") for c, plane in enumerate((r1, r3))]
                code += [multiply(sums[c][i], free[c], weights[c, k, i], "s8") for c in range(2) for i in windows]
            code += [strd(sums[0][i], sums[1][i], r7[SUM_BYTES * (first + i)]) for i in windows]
        return [*code, *add_number(r1, 2 * p.plane - moved, r9)]

    def pair_in_turns(self) -> list[Item]:
        """One channel, then the other: two channels' weights do not fit; those beyond q5 are loaded each time."""
        p = self.p
        code: list[Item] = []
        kept = min(p.chunks, 6)
        registers = [q[k] if k < kept else q6 for k in range(p.chunks)]
        for c in range(2):
            loads = [self.weights(to, CHUNK * k, k) for k, to in enumerate(registers)]
            code += [item for load in loads[:kept] for item in load]
            moved = 0
            for w in range(p.columns):
                if self.offset(w, p.chunks - 1) - moved > LARGEST_OFFSET:
                    code += add_number(r1, self.offset(w) - moved, r9)
                    moved = self.offset(w)
                for k, weights in enumerate(registers):
                    code += loads[k] if k >= kept else []
                    multiply = vmladava if k else vmladav
                    code += [vldrb(q7, r1[self.offset(w, k) - moved], "8"), multiply(r0, q7, weights, "s8")]
                code.append(str_(r0, r7[SUM_BYTES * w + 4 * c]))
            code += [*add_number(r5, p.weight_bytes, r9), *add_number(r1, p.plane - moved, r9)]
        return code

    def results(self) -> list[Item]:
        """Requantise eight channels of each column. Where registers are short, constants are read again each time."""
        p, rq = self.p, self.rq
        code: list[Item] = [
            ldr(r1, FRAME["out"]),
            ldr(r7, FRAME["scratch"]),
            *load_number(r9, p.sums_offset),
            add(r7, r7, r9),
        ]
        code += [ldr(r9, FRAME["left"]), vctp(16, r9)] if p.partial_channels else []
        again = rq.signed or rq.left or (rq.low, rq.high) != (-128, 127)
        at = {name: [rq.offset(name, 2) + i * (4 if name in SHIFTS else 16) for i in range(2)] for name in rq.vectors}
        fixed = [name for name in rq.vectors if name in ("mantissa", "right") or not again]
        registers = {name: (q[7 - 2 * i], q[6 - 2 * i]) for i, name in enumerate(reversed(fixed))}
        code += [rq.load(name, registers[name][i], r5[at[name][i]]) for name in fixed for i in range(2)]
        column: list[Item] = [vldrw(q0, r7.post(16), "u32"), vldrw(q1, r7.post(16), "u32")]
        for name in ("bias", "left"):
            for i, value in enumerate((q0, q1) if name in at else ()):
                column += [rq.load(name, q2, r5[at[name][i]])] if again else []
                by = q2 if again else registers[name][i]
                column.append(vadd(value, value, by, "i32") if name == "bias" else vshl(value, by, "s32"))
        column += rq.multiply((q0, q1), registers["mantissa"], q2, r12, registers.get("right"))
        column += [rq.narrow_bottom(q0, q0), rq.narrow_top(q0, q1), vqmovnb(q0, q0, "s16"), *rq.clamp([q0], q2, r9)]
        near = p.channels <= LARGEST_STEP
        column += flow.predicated_if(p.partial_channels, vstrb(q0, r1.post(p.channels) if near else r1[0], "16"))
        column += [] if near else add_number(r1, p.channels, r9)
        code += [*load_number(lr, p.columns), *flow.hardware_loop(column)]
        return [*code, *add_number(r5, 8 * rq.words, r9), str_(r5, FRAME["stream"])]
