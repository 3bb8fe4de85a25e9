"""Matrix products over pixels with Helium: stream of constants, and the assembly that reads it.

VMLADAVA multiplies 16 int8 pairs and adds all products to a register; an output of depth n takes n / 16 of them. With
two filters and three pixels at once, five loads serve six products. Four channels at a time are moved into the lanes
of one vector per pixel and requantised together (requantize_mve.py). Depths that are no multiple of 16 end with
predicated loads of the inputs, whose missing lanes are zero, so that weights need no padding.

Stream, for every four output channels: the weights of two filters (a single pixel: four), in turns of 16; the next two;
then the constants of the requantisation. What is left of the channels follows in the same order, unpadded.

    r0, r2, r4, ... sums (they must be even)   r1 stream   r3, r5, r9 pixels   r7 out   r11 end of full groups
    r12 scalar of the requantisation   lr loop   q0-q2 results   q3-q7 weights and inputs
    [sp] stream   [sp, #4] end of pixels
"""

from __future__ import annotations

import numpy as np

from tinyengine_tf.kernels.arithmetic.requantize_mve import (
    SHIFTS,
    VectorRequantization,
    vector_requantization,
    words_of,
)
from tinyengine_tf.kernels.base import Table
from tinyengine_tf.kernels.thumb import add_number, load_number
from tinyengine_tf.ops.conv2d import WeightedOp

PIXELS = 3
LANES = 4
CHUNK = 16
"""Products per instruction."""
UNROLLED = 8
"""Up to so many chunks are unrolled: loads reach 127 bytes beyond their pointer."""
IN_LOOP = 4
LARGEST_OFFSET = 127
PIXEL_REGISTERS = ("r3", "r5", "r9")


def depth(op: WeightedOp) -> int:
    """Products of one output."""
    return op.weights.elements // op.out_channels


def passes(channels: int, single: bool) -> list[list[int]]:
    """Which of up to four channels are computed together, in order. Full groups fill lanes 0 and 2, then 1 and 3."""
    if single:
        return [list(range(channels))]
    return [[0, 2], [1, 3]] if channels == LANES else [list(range(channels))[i : i + 2] for i in range(0, channels, 2)]


def group_words(n: int, channels: int, rq: VectorRequantization) -> int:
    return -(-n * channels // 4) + rq.words


def dense_stream(op: WeightedOp, single: bool) -> Table:
    """The stream of a layer; `single`: in the order for one pixel at a time."""
    rq, n, channels = vector_requantization(op), depth(op), op.out_channels

    def build() -> np.ndarray:
        filters = np.moveaxis(op.weights.values, op.CHANNEL_AXIS, 0).reshape(channels, n)
        parts: list[np.ndarray] = []
        for first in range(0, channels, LANES):
            count = min(LANES, channels - first)
            weights = np.concatenate(
                [
                    filters[[first + c for c in together], i : i + CHUNK].reshape(-1)
                    for together in passes(count, single)
                    for i in range(0, n, CHUNK)
                ]
            )
            parts.append(words_of(np.pad(weights, (0, -len(weights) % 4)).astype(np.int8)))
            parts.append(rq.constants(op, [first + c if c < count else -1 for c in range(LANES)]))
        return np.concatenate(parts) & 0xFFFFFFFF

    full, rest = divmod(channels, LANES)
    words = full * group_words(n, LANES, rq) + (group_words(n, rest, rq) if rest else 0)
    return Table("stream", "uint32_t", words, build)


class DenseCode:
    """Assembly for products over any number of pixels; r0 inputs, r1 out, r2 stream on entry.

    n         depth of the product
    pitch     bytes from one pixel's inputs to the next one's
    """

    def __init__(self, op: WeightedOp, pitch: int, single: bool):
        self.n, self.channels, self.pitch, self.single = depth(op), op.out_channels, pitch, single
        self.rq = vector_requantization(op)
        self.whole, self.tail = divmod(self.n, CHUNK)
        self.chunks = self.whole + (1 if self.tail else 0)
        self.groups, self.rest = divmod(self.channels, LANES)

    def lines(self, pixels: int) -> list[str]:
        """The whole computation: blocks of three pixels, then of two; with a stream for a single pixel one by one."""
        full_bytes = 4 * self.groups * group_words(self.n, LANES, self.rq)
        code = ["mov r3, r0", "mov r7, r1", *load_number("r12", self.rq.scalar)]
        code += [*load_number("r11", full_bytes), "add r11, r11, r2"] if self.groups > 1 else []
        code += ["sub sp, sp, #8", "str r2, [sp]"]
        if self.tail and not self.rest:
            code += [f"mov r0, #{self.tail}", "vctp.8 r0"]
        for size, count in self.blocks(pixels):
            code += self.repeat(size, count)
        return [*code, "add sp, sp, #8"]

    def blocks(self, pixels: int) -> list[tuple[int, int]]:
        """(pixels of a block, how many such blocks)."""
        if self.single:
            return [(1, pixels)]
        if pixels < PIXELS:
            return [(pixels, 1)]
        # Two blocks of two instead of one of three and a single pixel.
        twos = {0: 0, 1: 2, 2: 1}[pixels % PIXELS]
        threes = (pixels - 2 * twos) // PIXELS
        return [(size, count) for size, count in ((PIXELS, threes), (2, twos)) if count]

    def repeat(self, size: int, count: int) -> list[str]:
        step = add_number("r3", size * self.pitch, "r0")
        if count == 1:
            return [*self.block(size), *step]
        end = [*load_number("r0", count * size * self.pitch), "add r0, r0, r3", "str r0, [sp, #4]"]
        return [*end, f"{size + 3}:", *self.block(size), *step, "ldr r0, [sp, #4]", "cmp r3, r0", f"bne {size + 3}b"]

    def block(self, size: int) -> list[str]:
        """All channels of `size` pixels; r7 moves on to the next pixel."""
        code = ["ldr r1, [sp]"]
        if self.tail and self.rest:
            code += [f"mov r0, #{self.tail}", "vctp.8 r0"]
        if not self.is_near(size):
            for p in range(1, size):
                code += (
                    [
                        *load_number(PIXEL_REGISTERS[p], self.pitch),
                        f"add {PIXEL_REGISTERS[p]}, {PIXEL_REGISTERS[p - 1]}",
                    ]
                    if self.pitch > 4095
                    else [f"add {PIXEL_REGISTERS[p]}, {PIXEL_REGISTERS[p - 1]}, #{self.pitch}"]
                )
        if self.groups:
            code += [*(["1:"] if self.groups > 1 else []), *self.group(LANES, size)]
            code += ["cmp r1, r11", "bne 1b"] if self.groups > 1 else []
        if self.rest:
            code += self.group(self.rest, size)
        return [*code, *add_number("r7", (size - 1) * self.channels, "r0")]

    def is_near(self, size: int) -> bool:
        """Whether all inputs of a block are within reach of one pointer."""
        return self.chunks <= UNROLLED and (size - 1) * self.pitch + CHUNK * (self.chunks - 1) <= LARGEST_OFFSET

    def group(self, channels: int, size: int) -> list[str]:
        """Up to four channels of a block of pixels, from products to stores."""
        code: list[str] = []
        for together in passes(channels, self.single):
            sums = [[f"r{2 * (f * size + p)}" for p in range(size)] for f in range(len(together))]
            code += self.products(sums)
            code += self.collect(sums, together, channels, size)
        if channels < LANES and self.n * channels % 4:
            code.append(f"add r1, r1, #{-self.n * channels % 4}")
        results = [f"q{p}" for p in range(size)]
        return [*code, *self.requantize(results), *self.store(results, channels)]

    def collect(self, sums: list[list[str]], together: list[int], channels: int, size: int) -> list[str]:
        """Sums into the lanes of their channels."""
        code = []
        for p in range(size):
            if channels == LANES:
                pairs = [(0, 2), (1, 3)] if self.single else [(0, 1)]
                lanes = [together[a] for a, _ in pairs]
                code += [
                    f"vmov q{p}[{lane + 2}], q{p}[{lane}], {sums[a][p]}, {sums[b][p]}"
                    for (a, b), lane in zip(pairs, lanes, strict=True)
                ]
            else:
                code += [f"vmov.32 q{p}[{lane}], {sums[f][p]}" for f, lane in enumerate(together)]
        return code

    def products(self, sums: list[list[str]]) -> list[str]:
        """Sums of all products of some filters and pixels."""
        size = len(sums[0])
        if self.chunks <= UNROLLED:
            return [line for i in range(self.chunks) for line in self.chunk(sums, i, first=i == 0)]
        peeled = (self.whole - 1) % IN_LOOP + 1
        code = self.chunk(sums, None, first=True)
        for _ in range(peeled - 1):
            code += self.chunk(sums, None)
        code += [*load_number("lr", (self.whole - peeled) // IN_LOOP), "dls lr, lr", "2:"]
        for _ in range(IN_LOOP):
            code += self.chunk(sums, None)
        code.append("le lr, 2b")
        if self.tail:
            code += self.chunk(sums, self.whole)
        for p in range(size):
            code += add_number(PIXEL_REGISTERS[p], -CHUNK * self.whole, "lr")
        return code

    def chunk(self, sums: list[list[str]], index: int | None, first: bool = False) -> list[str]:
        """16 inputs, or what is left: those of `index` beyond the pointers; None: where they point to, moving on."""
        filters, size = len(sums), len(sums[0])
        partial = index is not None and index >= self.whole
        looped = self.chunks > UNROLLED
        weights = [f"q{3 + f}" for f in range(filters)]
        code = [f"vldrb.8 {w}, [r1], #{self.tail if partial else CHUNK}" for w in weights]
        spare = [f"q{i}" for i in range(3 + filters, 8)]
        operation = "vmladav" if first else "vmladava"
        inputs = [spare[p % len(spare)] for p in range(size)]
        loads = []
        for p in range(size):
            near = not looped and self.is_near(size)
            pointer = PIXEL_REGISTERS[0 if near else p]
            offset = (0 if looped else CHUNK * (index or 0)) + (p * self.pitch if near else 0)
            where = f"[{pointer}], #{CHUNK}" if index is None else f"[{pointer}, #{offset}]"
            loads.append(f"vldrb{'t' if partial else ''}.8 {inputs[p]}, {where}")
        products = [
            [f"{operation}.s8 {sums[f][p]}, {inputs[p]}, {weights[f]}" for f in range(filters)] for p in range(size)
        ]
        if partial:
            assert len(spare) >= size
            return [*code, f"vps{'t' * size}", *loads, *(line for p in products for line in p)]
        return [*code, *(line for load, p in zip(loads, products, strict=True) for line in (load, *p))]

    def requantize(self, results: list[str]) -> list[str]:
        """32-bit sums to int8 in the lowest byte of each lane."""
        rq, code = self.rq, []
        rights = None
        for name in rq.vectors:
            register = {"bias": "q3", "left": "q3", "mantissa": "q4", "right": "q5"}[name]
            code.append(rq.load(name, register, f"[r1], #{4 if name in SHIFTS else 16}"))
            if name in ("bias", "left"):
                code += [f"{'vadd.i32' if name == 'bias' else 'vshl.s32'} {v}, {v}, q3" for v in results]
            elif name == "right":
                rights = ["q5"] * len(results)
        code += rq.multiply(results, ["q4"] * len(results), "q3", "r12", rights)
        code += [rq.narrow(v, v) for v in results] + [f"vqmovnb.s16 {v}, {v}" for v in results]
        return code + rq.clamp(results, "q3", "r0")

    def store(self, results: list[str], channels: int) -> list[str]:
        """One byte per lane, each pixel in its place; r7 moves on to the next channels."""
        code, targets = [], []
        pointer, offset = "r7", 0
        for p in range(len(results)):
            if p and (offset := offset + self.channels) > LARGEST_OFFSET:
                register = ("r2", "r4")[p - 1]
                code += (
                    [*load_number(register, offset), f"add {register}, {pointer}"]
                    if offset > 4095
                    else [f"add {register}, {pointer}, #{offset}"]
                )
                pointer, offset = register, 0
            targets.append(f"[{pointer}, #{offset}]")
        if channels < LANES:
            code += [f"mov r0, #{channels}", "vctp.32 r0", f"vps{'t' * len(results)}"]
            code += [f"vstrbt.32 {v}, {t}" for v, t in zip(results, targets, strict=True)]
        else:
            code += [f"vstrb.32 {v}, {t}" for v, t in zip(results[1:], targets[1:], strict=True)]
            code.append(f"vstrb.32 {results[0]}, [r7], #{channels}")
            return code
        return [*code, f"add r7, r7, #{channels}"]
