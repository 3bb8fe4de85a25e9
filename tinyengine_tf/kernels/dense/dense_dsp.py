"""Matrix products with SMLAD of pixels whose inputs lie widened in memory: two filters times one or three pixels.

The stream and its arithmetic are dense_stream.py's; layers whose loops are alike share a function.

    r0-r5 sums, filter by filter   r6-r9 weights of two filters   r10, r11 inputs of a pixel   r12 inputs   lr stream
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tinyengine_tf.kernels.arithmetic.fast_requantize import SCALE, Requantization
from tinyengine_tf.kernels.assembly import in_assembly
from tinyengine_tf.kernels.dense.dense_stream import FILTERS, PIXELS, groups
from tinyengine_tf.machine import flow
from tinyengine_tf.machine.frame import WORD, Frame
from tinyengine_tf.machine.instruction import Item
from tinyengine_tf.machine.program import Argument, thumb2_function
from tinyengine_tf.machine.registers import CoreRegister, lr, r, r0, r1, r2, r3, r4, r6, r7, r8, r9, r10, r11, r12, sp
from tinyengine_tf.machine.thumb2 import add, ldm, ldr, ldrd, lsr, mov, push, smlad, str_, strb, sxtb16
from tinyengine_tf.ops.conv2d import WeightedOp

FULLY_UNROLLED = 12
UNROLLED = (8, 7, 6)
"""Groups of four inputs: loops up to the first are unrolled, longer ones by the factor that leaves least over."""
ARGUMENTS = (Argument("const void *", "inputs"), Argument("int8_t *", "out"), Argument("const void *", "stream"))
FRAME = Frame("inputs", "out", "end", "inputs_end", "constant", "pixel", "two_pixels")
"""Where filters in pairs and inputs end; the layer's constant; from an output to the next pixels'."""


@dataclass(frozen=True)
class DenseCode:
    """What functions of layers differ in.

    pairs, odd   whether filters come in pairs, whether one is left
    peeled       groups of four inputs before the loop; unrolled: in it, 0: there is no loop
    """

    rq: Requantization
    pairs: bool
    odd: bool
    peeled: int
    unrolled: int

    def name(self, pixels: int) -> str:
        """Tells which depths the function can do."""
        inputs = f"{4 * self.unrolled}n{4 * self.peeled or ''}" if self.unrolled else f"{4 * self.peeled}"
        return f"te_dense_{inputs}_{pixels}"

    def function(self, pixels: int) -> dict[str, Any]:
        inputs = f"{4 * self.unrolled}n{4 * self.peeled or ''}" if self.unrolled else f"{4 * self.peeled}"
        return in_assembly(
            f"All channels of {pixels} pixel{'s' if pixels > 1 else ''}, {inputs} inputs each, widened: "
            "2 filters at a time, 4 inputs a step.",
            thumb2_function(ARGUMENTS, self.code(pixels), r9_is_free=True),
        )

    def code(self, pixels: int) -> list[Item]:
        code: list[Item] = [ldm(r2, r[3:7], moves=True), mov(lr, r2), add(r3, r3, r2)]
        if self.unrolled:
            assert pixels in (1, PIXELS)
            code += [add(r4, r4, r4.lsl(1))] if pixels == PIXELS else []
            code.append(add(r4, r4, r0))
        code += [add(r7, r6, r6), push((r0, r1, *r[3:8]))]  # becomes FRAME
        if self.pairs:
            code += flow.until_equal(lr, r10, [*self.channels(pixels, FILTERS), ldr(r10, FRAME["end"])])
        if self.odd:
            code += self.channels(pixels, 1)
        return [*code, add(sp, sp, WORD * len(FRAME.names))]

    def channels(self, pixels: int, filters: int) -> list[Item]:
        """All products of some filters, their outputs."""
        code: list[Item] = [ldr(r12, FRAME["inputs"])]
        if filters == FILTERS:
            code.append(ldrd(r[pixels - 1], r[2 * pixels - 1], lr.post(8)))
        else:
            code.append(ldr(r[pixels - 1], lr.post(4)))
        for i in range(self.peeled):
            code += self.group(pixels, filters, i == 0, i)
        if self.unrolled:
            if not self.peeled:
                sums = [r[f * pixels : (f + 1) * pixels] for f in range(filters)]
                code += [mov(total, some[-1]) for some in sums for total in some[:-1]]
            loop = [item for i in range(self.unrolled) for item in self.group(pixels, filters, False, i)]
            code += flow.until_equal(r12, r10, [*loop, ldr(r10, FRAME["inputs_end"])])
        return [*code, *self.outputs(pixels, filters)]

    def group(self, pixels: int, filters: int, last_bias: bool, index: int) -> list[Item]:
        """Four inputs of every pixel times four weights of each filter; `index` within those that are unrolled."""
        weights, even = r[6 : 6 + filters], r[8 : 8 + filters]
        code: list[Item] = [ldm(lr, weights, moves=True)]
        code += [sxtb16(e, w) for e, w in zip(even, weights, strict=True)]
        return code + self.multiply(pixels, weights, even, last_bias)

    def multiply(
        self, pixels: int, weights: Sequence[CoreRegister], even: Sequence[CoreRegister], last_bias: bool
    ) -> list[Item]:
        """Both words of four inputs of every pixel times both words of each filter's weights; the first group adds to
        the bias, which lies in the last pixel's sum."""
        filters = len(weights)
        code: list[Item] = []
        for p in range(pixels):
            code.append(ldrd(r10, r11, r12.post(8 * pixels) if p == 0 else r12[-8 * (pixels - p)]))
            sums = [r[f * pixels + p] for f in range(filters)]
            begin = [r[f * pixels + (pixels - 1 if last_bias else p)] for f in range(filters)]
            code += [smlad(sums[f], weights[f], r10, begin[f]) for f in range(filters)]
            code += [smlad(sums[f], even[f], r11, sums[f]) for f in range(filters)]
        return code

    def outputs(self, pixels: int, filters: int) -> list[Item]:
        rq = self.rq
        code = load_constants(rq, filters, first=6)
        for f in range(filters):
            code += requantize(rq, range(f * pixels, (f + 1) * pixels), 6 + f, next_filter=f > 0)
        code.append(ldr(r9, FRAME["out"]))
        if pixels > 1:
            code.append(ldrd(r10, r11, FRAME.pair("pixel", "two_pixels")))
        for f in range(filters):
            code += [strb(r[f * pixels + p], r9[(r10, r11)[p - 1]]) for p in range(1, pixels)]
            code.append(strb(r[f * pixels], r9.post(1)))
        return [*code, str_(r9, FRAME["out"])]


def load_constants(rq: Requantization, filters: int, first: int) -> list[Item]:
    """Multipliers of some filters from r`first` on; r8 their shifts if they differ; r9 the layer's constant."""
    registers = r[first : first + filters] + ((r8,) if rq.tail is None else ())
    return [ldm(lr, registers, moves=True), ldr(r9, FRAME["constant"])]


def requantize(rq: Requantization, sums: range, mantissa: int, next_filter: bool) -> list[Item]:
    """The sums of a filter in registers of these numbers; r10 and r12 are lost."""
    code: list[Item] = [lsr(r8, r8, 8)] if rq.tail is None and next_filter else []
    code += rq.channel_constant(r9, r8, r10)
    for i in sums:
        code += rq.output(r[i], r[mantissa], r10 if rq.tail is None else r9, r8, r12)
    return code


def dense_code(op: WeightedOp, rq: Requantization) -> DenseCode:
    n = groups(op)
    looped = n > FULLY_UNROLLED
    unrolled = min(UNROLLED, key=lambda factor: (n % factor, -factor))
    assert SCALE == 256
    return DenseCode(
        rq=rq,
        pairs=op.out_channels > 1,
        odd=op.out_channels % FILTERS == 1,
        peeled=n % unrolled if looped else n,
        unrolled=unrolled if looped else 0,
    )
