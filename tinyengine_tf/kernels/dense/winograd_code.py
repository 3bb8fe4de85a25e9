"""Assembly of a Winograd convolution: inputs of neighbouring tiles are transformed, then multiplied by all filters.

Transformed inputs lie in memory as they are read: element by element, for each four channels and each tile two words,
channels (0, 2) and (1, 3). After every run of channels a word tells the loop what comes next (winograd_marks.c.j2).
"""

from __future__ import annotations

from collections.abc import Callable

from tinyengine_tf.kernels.arithmetic.fast_requantize import Requantization
from tinyengine_tf.kernels.dense.winograd import ELEMENTS
from tinyengine_tf.machine import flow
from tinyengine_tf.machine.frame import WORD, Frame
from tinyengine_tf.machine.instruction import Instruction, Item
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
    sp,
)
from tinyengine_tf.machine.thumb2 import (
    LARGEST_OFFSET,
    LARGEST_PAIR_OFFSET,
    LARGEST_STEP,
    add,
    add_number,
    cmp,
    ldm,
    ldr,
    ldrd,
    load_number,
    lsr,
    mov,
    push,
    sadd16,
    smlad,
    smuad,
    ssub16,
    stm,
    str_,
    strb,
    strd,
    sub,
    subs,
    sxtb16,
    uxtb,
)

INPUT_ARGUMENTS = (
    Argument("const int8_t *const *", "in"),
    Argument("uint8_t *", "to"),
    Argument("const uint32_t *", "edges"),
)
OUTPUT_ARGUMENTS = (
    Argument("const uint8_t *", "inputs"),
    Argument("int8_t *", "out0"),
    Argument("int8_t *", "out1"),
    Argument("const uint32_t *", "stream"),
)
GROUP = Frame("row0", "row1", "row2", "row3", "to", "edges", "left", "unused")
"""On the stack while inputs are transformed: of a group of channels its rows, where it goes; groups left."""
LAYER = Frame("inputs", "constant", "out0", "out1", "end")
"""On the stack while outputs are computed: of the requantisation the constant, of the stream the end."""
TILES = 2
"""Tiles multiplied together: with two filters, four sums and eight operands fit the registers."""
COLUMN_BYTES = 32
"""A transformed column of four channels."""


def columns(tiles: int) -> int:
    """Input columns of neighbouring tiles."""
    return 2 * tiles + 2


def run_bytes(tiles: int, run: int) -> int:
    """Transformed inputs of one element and a run of groups of channels, and the word that follows."""
    return 8 * tiles * run + 4


def element_bytes(tiles: int, channels: int, run: int) -> int:
    """Transformed inputs of one element."""
    return channels // (4 * run) * run_bytes(tiles, run)


def input_function(tiles: int, channels: int, run: int, padded: bool) -> Function:
    """Transforms a run of groups of four channels of some tiles.

    r0 four rows; r1 to; r2 edges: how many columns lie before the image; those inside less 1 in the highest byte, those
    after it in the lowest; what one outside becomes; offset of the first one inside. First columns are transformed,
    four rows at once, and pushed on the stack; then rows.
    """
    pushed, pitch = columns(tiles) * COLUMN_BYTES, element_bytes(tiles, channels, run)
    begin = [ldm(r0, r[4:8]), ldr(r3, r2[12]), *(add(row, row, r3) for row in r[4:8])]
    begin += [mov(r8, r1), mov(r9, r2), *load_number(r10, run), push(r[4:12])]  # becomes GROUP
    # For each group: its pointers into the rows; the next group's are four channels further.
    group: list[Item] = [ldm(sp, r[:4]), *(add(r[i + 4], r[i], 4) for i in range(4)), stm(sp, r[4:8])]
    group += [ldr(r12, GROUP["edges"]), ldr(lr, r12[4])]
    if padded:
        group += [ldr(r6, r12[8]), ldr(r12, r12[0]), cmp(r12, 0), *flow.skip_if("eq", _outside(r12))]
    group += flow.repeat_while("cs", [*_column(channels), push(r[4:12]), subs(lr, lr, 1 << 24)])
    if padded:
        after = [sub(r12, sp, lr.lsl(5)), ldr(r12, GROUP.under(pushed, r12)["edges"]), ldr(r6, r12[8]), *_outside(lr)]
        group += [uxtb(lr, lr), cmp(lr, 0), *flow.skip_if("eq", after)]
    # The columns are complete: r8 and r9 go through their rows, r10 counts them.
    row = [*_row(tiles, pitch), add(r8, r8, 8), *add_number(r9, 4 * pitch, r11)]
    group += [mov(r8, sp), ldr(r9, GROUP.under(pushed)["to"]), mov(r10, 4), *flow.count_down(r10, row)]
    group += [add(sp, sp, pushed), ldr(r9, GROUP["to"]), ldr(r10, GROUP["left"])]
    group += [add(r9, r9, 8 * tiles), str_(r9, GROUP["to"]), subs(r10, r10, 1), str_(r10, GROUP["left"])]
    code = [*begin, *flow.repeat_while("ne", group), add(sp, sp, GROUP.nbytes)]
    return thumb2_function(INPUT_ARGUMENTS, code, r9_is_free=True)


def _outside(count: CoreRegister) -> list[Item]:
    """Pushes columns outside the image: rows are all alike, so that only element 1 (r6, r7) is not zero."""
    zeros = [mov(zero, 0) for zero in (r4, r5, r8, r9, r10, r11)]
    return [mov(r7, r6), *zeros, *flow.count_down(count, [push(r[4:12])])]


def _column(channels: int) -> list[Item]:
    """One column: r4-r11 become elements 0 to 3, for both pairs of channels each; r0-r3 move on."""
    words, even, rows = (r5, r12, r9, r11), (r4, r7, r8, r10), r[:4]
    near = channels <= LARGEST_STEP
    code = [ldr(word, row.post(channels) if near else row[0]) for word, row in zip(words, rows, strict=True)]
    code += [] if near else [add(row, row, channels) for row in rows]
    code += [sxtb16(e, word) for e, word in zip(even, words, strict=True)]
    code += [sxtb16(word, word.ror(8)) for word in words]
    code += [ssub16(r4, r4, r8), sadd16(r6, r7, r8), ssub16(r8, r8, r7), ssub16(r10, r7, r10)]
    return [*code, ssub16(r5, r5, r9), sadd16(r7, r12, r9), ssub16(r9, r9, r12), ssub16(r11, r12, r11)]


Pair = tuple[CoreRegister, CoreRegister]


def _row(tiles: int, pitch: int) -> list[Item]:
    """Four elements of each tile, from one row of transformed columns (r8), to r9 and `pitch` bytes apart."""
    pairs: list[Pair] = [(r0, r1), (r2, r3), (r4, r5), (r6, r7)]
    last = columns(tiles) - 1

    def load(pair: Pair, column: int) -> Instruction:
        return ldrd(*pair, r8[(last - column) * COLUMN_BYTES])

    def both(operation: Callable[..., Instruction], to: Pair, a: Pair, b: Pair) -> list[Item]:
        return [operation(*three) for three in zip(to, a, b, strict=True)]

    def store(pair: Pair, element: int, tile: int) -> list[Item]:
        offset = element * pitch + 8 * tile
        if offset <= LARGEST_PAIR_OFFSET:
            return [strd(*pair, r9[offset])]
        return [*_sum(lr, r9, element * pitch), strd(*pair, lr[8 * tile])]

    spare = (r11, r12)
    code: list[Item] = [load(pairs[k], k) for k in range(2)]
    for t in range(tiles):
        c = [pairs[(2 * t + k) % 4] for k in range(4)]
        code += [load(c[k], 2 * t + k) for k in (2, 3)]
        code += both(ssub16, spare, c[1], c[3]) + store(spare, 3, t)
        code += both(sadd16, spare, c[1], c[2]) + store(spare, 1, t)
        code += both(ssub16, c[0], c[0], c[2]) + store(c[0], 0, t)
        code += both(ssub16, c[1], c[2], c[1]) + store(c[1], 2, t)
    return code


def _sum(to: CoreRegister, register: CoreRegister, value: int) -> list[Instruction]:
    if value <= LARGEST_OFFSET:
        return [add(to, register, value)]
    return [*load_number(to, value), add(to, to, register)]


class OutputCode:
    """All filters of some tiles, two at a time: r0 transformed inputs, r1 first row out, r2 second, r3 stream.

    Sums of an element (tile by tile, both filters of each) are pushed on the stack as soon as they are complete.
    """

    def __init__(self, tiles: int, channels: int, filters: int, run: int, pair_words: int, rq: Requantization):
        self.tiles, self.filters, self.run, self.rq = tiles, filters, run, rq
        self.looped = channels > 4 * run
        self.stream_bytes = filters // 2 * pair_words * 4
        self.sums = r[: 2 * tiles]
        self.pushed = 8 * tiles * ELEMENTS

    def function(self) -> Function:
        return thumb2_function(OUTPUT_ARGUMENTS, self.code(), r9_is_free=True)

    def code(self) -> list[Item]:
        begin = [mov(lr, r3), *load_number(r4, self.rq.layer_constant), mov(r5, r1), mov(r6, r2)]
        begin += [*load_number(r7, self.stream_bytes), add(r7, r7, r3), mov(r3, r0), push(r[3:8])]  # becomes LAYER
        pair = [ldr(r12, LAYER["inputs"]), *flow.repeat_while("eq", [*self.products(), push(self.sums)]), mov(r11, sp)]
        tile = [*self.transform(), *self.requantize(), *self.store(), add(r11, r11, 8), add(r10, sp, 8 * self.tiles)]
        pair += [*flow.until_equal(r11, r10, tile), add(sp, sp, self.pushed)]
        pair += [add(lr, lr, 16 + 4 * (self.rq.tail is None)), ldrd(r8, r9, LAYER.pair("out0", "out1"))]
        for out in (r8, r9):
            pair += add_number(out, 2 - 2 * self.tiles * self.filters, r10)
        pair += [strd(r8, r9, LAYER.pair("out0", "out1")), ldr(r10, LAYER["end"])]
        return [*begin, *flow.until_equal(lr, r10, pair), add(sp, sp, WORD * len(LAYER.names))]

    def products(self) -> list[Item]:
        """Sums of one element over all channels; flags tell whether it was the last."""
        inputs = (r4, r5, r10, r11)[-2 * self.tiles :]
        code: list[Item] = []
        for group in range(self.run):
            first = group == 0 and not self.looped
            code += [ldm(lr, r[6:10], moves=True), ldm(r12, inputs, moves=True)]
            for half, weights in enumerate(((r6, r7), (r8, r9))):
                for tile in range(self.tiles):
                    x = inputs[2 * tile + half]
                    for f, w in enumerate(weights):
                        s = self.sums[2 * tile + f]
                        code.append(smuad(s, w, x) if first and half == 0 else smlad(s, w, x, s))
        code += [ldr(r10, r12.post(4)), cmp(r10, 0)]
        return [*(mov(s, 0) for s in self.sums), *flow.repeat_while("gt", code)] if self.looped else code

    def transform(self) -> list[Item]:
        """The tile that r11 points to. Filter 0: r0, r2 in the first row, r1, r3 below; filter 1: r4 to r7."""

        def load(i: int, j: int, pair: Pair = (r8, r9)) -> Instruction:
            return ldrd(*pair, r11[(ELEMENTS - 1 - 4 * i - j) * 8 * self.tiles])

        def combine(sign: int, to: int) -> list[Item]:
            operation = add if sign > 0 else sub
            return [operation(r[to + 4 * f], r[to + 4 * f], r[8 + f]) for f in (0, 1)]

        def butterfly(a: int, b: int) -> list[Item]:
            """(a, b) become (a + b, a - b)."""
            pairs = [(r[a + k], r[b + k]) for k in (0, 4)]
            return [i for x, y in pairs for i in (add(x, x, y), sub(y, x, y.lsl(1)))]

        code: list[Item] = []
        for j, (top, bottom) in ((1, (0, 1)), (2, (2, 3))):
            code += [load(1, j, (r[top], r[top + 4])), load(2, j, (r[bottom], r[bottom + 4]))]
            code += [*butterfly(top, bottom), load(0, j), *combine(1, top), load(3, j), *combine(-1, bottom)]
        code += [*butterfly(0, 2), *butterfly(1, 3)]
        for j, sign, top, bottom in ((0, 1, 0, 1), (3, -1, 2, 3)):
            for i, (above, below) in enumerate(((1, 0), (1, 1), (1, -1), (0, -1))):
                code.append(load(i, j))
                code += combine(sign * above, top) if above else []
                code += combine(sign * below, bottom) if below else []
        return code

    def requantize(self) -> list[Item]:
        """Sums are 4-fold: 256-fold when the bias is added."""
        rq, layer = self.rq, LAYER.under(self.pushed)
        code: list[Item] = [ldrd(r8, r9, lr[0]), *(add(r[i], r[8 + i // 4], r[i].lsl(6)) for i in range(8))]
        code.append(ldr(r9, lr[16]) if rq.tail is None else ldr(r8, layer["constant"]))
        for f in range(2):
            code.append(ldr(r10, lr[8 + 4 * f]))
            if rq.tail is None:
                code += [ldr(r8, layer["constant"]), *([lsr(r9, r9, 8)] if f else []), *rq.channel_constant(r8, r9, r8)]
            for total in r[4 * f : 4 * f + 4]:
                code += rq.output(total, r10, r8, r9, r12)
        return code

    def store(self) -> list[Item]:
        out = LAYER.under(self.pushed).pair("out0", "out1")
        code: list[Item] = [ldrd(r8, r9, out)]
        for row, pointer in enumerate((r8, r9)):
            for column in (0, 1):
                for f in (0, 1):
                    code.append(strb(r[row + 2 * column + 4 * f], pointer[column * self.filters + f]))
        code += [i for pointer in (r8, r9) for i in add_number(pointer, 2 * self.filters, r10)]
        return [*code, strd(r8, r9, out)]
