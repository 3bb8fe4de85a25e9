"""Assembly of a Winograd convolution: inputs of neighbouring tiles are transformed, then multiplied by all filters.

Transformed inputs lie in memory as they are read: element by element, for each four channels and each tile two words,
channels (0, 2) and (1, 3). After every run of channels a word tells the loop what comes next (winograd_marks.c.j2).
"""

from __future__ import annotations

from tinyengine_tf.kernels.arithmetic.fast_requantize import Requantization
from tinyengine_tf.kernels.dense.winograd import ELEMENTS
from tinyengine_tf.kernels.thumb import LARGEST_OFFSET, LARGEST_PAIR_OFFSET, LARGEST_STEP, add_number, load_number

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


def input_lines(tiles: int, channels: int, run: int, padded: bool) -> list[str]:
    """Transforms a run of groups of four channels of some tiles.

    r0 four rows; r1 to; r2 edges: how many columns lie before the image; those inside less 1 in the highest byte, those
    after it in the lowest; what one outside becomes; offset of the first one inside. First columns are transformed,
    four rows at once, and pushed on the stack; then rows.
    """
    to, edges, groups = 16, 20, 24  # on the stack, after the four rows
    pushed, pitch = columns(tiles) * COLUMN_BYTES, element_bytes(tiles, channels, run)
    # r4-r11 onto the stack: pointers into the four rows, to, edges, groups left.
    code = ["push {r4-r11, lr}", "ldm r0, {r4-r7}", "ldr r3, [r2, #12]", *(f"add r{i}, r{i}, r3" for i in range(4, 8))]
    code += ["mov r8, r1", "mov r9, r2", *load_number("r10", run), "push {r4-r11}", "1:"]
    # For each group: its pointers into the rows; the next group's are four channels further.
    code += ["ldm sp, {r0-r3}", *(f"add r{i + 4}, r{i}, #4" for i in range(4)), "stm sp, {r4-r7}"]
    code += [f"ldr r12, [sp, #{edges}]", "ldr lr, [r12, #4]"]
    if padded:
        code += ["ldr r6, [r12, #8]", "ldr r12, [r12]", "cmp r12, #0", "beq 3f", *_outside("2", "r12"), "3:"]
    else:
        code += ["3:"]
    code += [*_column(channels), "push {r4-r11}", "subs lr, lr, #0x1000000", "bcs 3b"]
    if padded:
        code += ["uxtb lr, lr", "cmp lr, #0", "beq 5f", "sub r12, sp, lr, lsl #5", f"ldr r12, [r12, #{pushed + edges}]"]
        code += ["ldr r6, [r12, #8]", *_outside("4", "lr"), "5:"]
    # The columns are complete: r8 and r9 go through their rows, r10 counts them.
    code += ["mov r8, sp", f"ldr r9, [sp, #{pushed + to}]", "mov r10, #4", "6:", *_row(tiles, pitch), "add r8, r8, #8"]
    code += [*add_number("r9", 4 * pitch, "r11"), "subs r10, r10, #1", "bne 6b", f"add sp, sp, #{pushed}"]
    code += [f"ldr r9, [sp, #{to}]", f"ldr r10, [sp, #{groups}]", f"add r9, r9, #{8 * tiles}", f"str r9, [sp, #{to}]"]
    code += ["subs r10, r10, #1", f"str r10, [sp, #{groups}]", "bne 1b", "add sp, sp, #32", "pop {r4-r11, lr}"]
    return code


def _outside(label: str, count: str) -> list[str]:
    """Pushes columns outside the image: rows are all alike, so that only element 1 (r6, r7) is not zero."""
    zeros = [f"mov r{i}, #0" for i in (4, 5, 8, 9, 10, 11)]
    return ["mov r7, r6", *zeros, f"{label}:", "push {r4-r11}", f"subs {count}, {count}, #1", f"bne {label}b"]


def _column(channels: int) -> list[str]:
    """One column: r4-r11 become elements 0 to 3, for both pairs of channels each; r0-r3 move on."""
    words, even = ("r5", "r12", "r9", "r11"), ("r4", "r7", "r8", "r10")
    near = channels <= LARGEST_STEP
    code = [f"ldr {w}, [r{i}]{f', #{channels}' if near else ''}" for i, w in enumerate(words)]
    code += [] if near else [f"add r{i}, r{i}, #{channels}" for i in range(4)]
    code += [f"sxtb16 {e}, {w}" for e, w in zip(even, words, strict=True)]
    code += [f"sxtb16 {w}, {w}, ror #8" for w in words]
    code += ["ssub16 r4, r4, r8", "sadd16 r6, r7, r8", "ssub16 r8, r8, r7", "ssub16 r10, r7, r10"]
    return [*code, "ssub16 r5, r5, r9", "sadd16 r7, r12, r9", "ssub16 r9, r9, r12", "ssub16 r11, r12, r11"]


def _row(tiles: int, pitch: int) -> list[str]:
    """Four elements of each tile, from one row of transformed columns (r8), to r9 and `pitch` bytes apart."""
    pairs = [("r0", "r1"), ("r2", "r3"), ("r4", "r5"), ("r6", "r7")]
    last = columns(tiles) - 1
    code = [f"ldrd {', '.join(pairs[k])}, [r8, #{(last - k) * COLUMN_BYTES}]" for k in range(2)]

    def both(operation: str, to: tuple[str, str], a: tuple[str, str], b: tuple[str, str]) -> list[str]:
        return [f"{operation} {r}, {x}, {y}" for r, x, y in zip(to, a, b, strict=True)]

    def store(pair: tuple[str, str], element: int, tile: int) -> list[str]:
        offset = element * pitch + 8 * tile
        if offset <= LARGEST_PAIR_OFFSET:
            return [f"strd {pair[0]}, {pair[1]}, [r9, #{offset}]"]
        return [*_sum("lr", "r9", element * pitch), f"strd {pair[0]}, {pair[1]}, [lr, #{8 * tile}]"]

    spare = ("r11", "r12")
    for t in range(tiles):
        c = [pairs[(2 * t + k) % 4] for k in range(4)]
        code += [f"ldrd {', '.join(c[k])}, [r8, #{(last - 2 * t - k) * COLUMN_BYTES}]" for k in (2, 3)]
        code += both("ssub16", spare, c[1], c[3]) + store(spare, 3, t)
        code += both("sadd16", spare, c[1], c[2]) + store(spare, 1, t)
        code += both("ssub16", c[0], c[0], c[2]) + store(c[0], 0, t)
        code += both("ssub16", c[1], c[2], c[1]) + store(c[1], 2, t)
    return code


def _sum(to: str, register: str, value: int) -> list[str]:
    if value <= LARGEST_OFFSET:
        return [f"add {to}, {register}, #{value}"]
    return [*load_number(to, value), f"add {to}, {to}, {register}"]


class OutputCode:
    """All filters of some tiles, two at a time: r0 transformed inputs, r1 first row out, r2 second, r3 stream.

    Sums of an element (tile by tile, both filters of each) are pushed on the stack as soon as they are complete.
    """

    INPUTS, CONSTANT, OUT, END, FRAME_BYTES = 0, 4, 8, 16, 20

    def __init__(self, tiles: int, channels: int, filters: int, run: int, pair_words: int, rq: Requantization):
        self.tiles, self.filters, self.run, self.rq = tiles, filters, run, rq
        self.looped = channels > 4 * run
        self.stream_bytes = filters // 2 * pair_words * 4
        self.sums = [f"r{i}" for i in range(2 * tiles)]
        self.pushed = 8 * tiles * ELEMENTS

    def lines(self) -> list[str]:
        code = ["push {r4-r11, lr}", "mov lr, r3", *load_number("r4", self.rq.layer_constant), "mov r5, r1"]
        code += ["mov r6, r2", *load_number("r7", self.stream_bytes), "add r7, r7, r3", "mov r3, r0", "push {r3-r7}"]
        code += ["1:", f"ldr r12, [sp, #{self.INPUTS}]", "2:", *self.products()]
        code += [f"push {{{', '.join(self.sums)}}}", "beq 2b", "mov r11, sp", "4:"]
        code += [*self.transform(), *self.requantize(), *self.store()]
        end = 8 * self.tiles
        code += ["add r11, r11, #8", f"add r10, sp, #{end}", "cmp r11, r10", "bne 4b", f"add sp, sp, #{self.pushed}"]
        code += [f"add lr, lr, #{16 + 4 * (self.rq.tail is None)}", f"ldrd r8, r9, [sp, #{self.OUT}]"]
        for r in ("r8", "r9"):
            code += add_number(r, 2 - 2 * self.tiles * self.filters, "r10")
        code += [f"strd r8, r9, [sp, #{self.OUT}]", f"ldr r10, [sp, #{self.END}]", "cmp lr, r10", "bne 1b"]
        return [*code, f"add sp, sp, #{self.FRAME_BYTES}", "pop {r4-r11, lr}"]

    def products(self) -> list[str]:
        """Sums of one element over all channels; flags tell whether it was the last."""
        inputs = ("r4", "r5", "r10", "r11")[-2 * self.tiles :]
        code = [*(f"mov {s}, #0" for s in self.sums), "3:"] if self.looped else []
        for group in range(self.run):
            first = group == 0 and not self.looped
            code += ["ldmia lr!, {r6-r9}", f"ldmia r12!, {{{', '.join(inputs)}}}"]
            for half, weights in enumerate((("r6", "r7"), ("r8", "r9"))):
                for tile in range(self.tiles):
                    x = inputs[2 * tile + half]
                    for f, w in enumerate(weights):
                        s = self.sums[2 * tile + f]
                        code.append(f"smuad {s}, {w}, {x}" if first and half == 0 else f"smlad {s}, {w}, {x}, {s}")
        code += ["ldr r10, [r12], #4", "cmp r10, #0"]
        return [*code, "bgt 3b"] if self.looped else code

    def transform(self) -> list[str]:
        """The tile that r11 points to. Filter 0: r0, r2 in the first row, r1, r3 below; filter 1: r4 to r7."""

        def load(i: int, j: int, pair: tuple[str, str] = ("r8", "r9")) -> str:
            return f"ldrd {pair[0]}, {pair[1]}, [r11, #{(ELEMENTS - 1 - 4 * i - j) * 8 * self.tiles}]"

        def add(sign: int, to: int) -> list[str]:
            return [f"{'add' if sign > 0 else 'sub'} r{to + 4 * f}, r{to + 4 * f}, r{8 + f}" for f in (0, 1)]

        def butterfly(a: int, b: int) -> list[str]:
            """(a, b) become (a + b, a - b)."""
            return [
                line
                for r in (0, 4)
                for line in (f"add r{a + r}, r{a + r}, r{b + r}", f"sub r{b + r}, r{a + r}, r{b + r}, lsl #1")
            ]

        code = []
        for j, (top, bottom) in ((1, (0, 1)), (2, (2, 3))):
            code += [load(1, j, (f"r{top}", f"r{top + 4}")), load(2, j, (f"r{bottom}", f"r{bottom + 4}"))]
            code += [*butterfly(top, bottom), load(0, j), *add(1, top), load(3, j), *add(-1, bottom)]
        code += [*butterfly(0, 2), *butterfly(1, 3)]
        for j, sign, top, bottom in ((0, 1, 0, 1), (3, -1, 2, 3)):
            for i, (above, below) in enumerate(((1, 0), (1, 1), (1, -1), (0, -1))):
                code.append(load(i, j))
                code += add(sign * above, top) if above else []
                code += add(sign * below, bottom) if below else []
        return code

    def requantize(self) -> list[str]:
        """Sums are 4-fold: 256-fold when the bias is added."""
        rq, first = self.rq, self.pushed
        code = ["ldrd r8, r9, [lr]", *(f"add r{i}, r{8 + i // 4}, r{i}, lsl #6" for i in range(8))]
        code += ["ldr r9, [lr, #16]"] if rq.tail is None else []
        code += [f"ldr r8, [sp, #{first + self.CONSTANT}]"] if rq.tail is not None else []
        for f in range(2):
            code += [f"ldr r10, [lr, #{8 + 4 * f}]"]
            if rq.tail is None:
                code += [f"ldr r8, [sp, #{first + self.CONSTANT}]", *(["lsr r9, r9, #8"] if f else [])]
                code += rq.constant_lines("r8", "r9", "r8")
            for i in range(4 * f, 4 * f + 4):
                code += rq.lines(f"r{i}", "r10", "r8", "r9", "r12")
        return code

    def store(self) -> list[str]:
        code = [f"ldrd r8, r9, [sp, #{self.pushed + self.OUT}]"]
        for row, pointer in enumerate(("r8", "r9")):
            for column in (0, 1):
                for f in (0, 1):
                    code.append(f"strb r{row + 2 * column + 4 * f}, [{pointer}, #{column * self.filters + f}]")
        code += [line for r in ("r8", "r9") for line in add_number(r, 2 * self.filters, "r10")]
        return [*code, f"strd r8, r9, [sp, #{self.pushed + self.OUT}]"]
