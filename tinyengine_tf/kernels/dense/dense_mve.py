"""Matrix products over pixels with Helium: stream of constants, and the assembly that reads it.

VMLADAVA multiplies 16 int8 pairs and adds all products to a register; an output of depth n takes n / 16 of them. With
two filters and three pixels at once, five loads serve six products. Four channels at a time are moved into the lanes
of one vector per pixel and requantised together (requantize_mve.py). Depths that are no multiple of 16 end with
predicated loads of the inputs, whose missing lanes are zero, so that weights need no padding.

Stream, for every four output channels: the weights of two filters (a single pixel: four), in turns of 16; the next two;
then the constants of the requantisation. What is left of the channels follows in the same order, unpadded.

    r0, r2, r4, ... sums (they must be even)   r1 stream   r3, r5, r9 pixels   r7 out   r11 end of full groups
    r12 scalar of the requantisation   lr loop   q0-q2 results   q3-q7 weights and inputs
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np

from tinyengine_tf.kernels.arithmetic.requantize_mve import (
    SHIFTS,
    VectorRequantization,
    words_of,
)
from tinyengine_tf.kernels.base import Array, Table
from tinyengine_tf.kernels.dense.weighted import depth
from tinyengine_tf.machine import flow, thumb2
from tinyengine_tf.machine.frame import Frame
from tinyengine_tf.machine.helium import (
    LARGEST_OFFSET,
    vadd,
    vctp,
    vldrb,
    vmladav,
    vmladava,
    vmov_lane,
    vmov_lanes,
    vqmovnb,
    vshl,
    vstrb,
)
from tinyengine_tf.machine.instruction import Instruction, Item
from tinyengine_tf.machine.program import Argument, Function, thumb2_function
from tinyengine_tf.machine.registers import (
    CoreRegister,
    Vector,
    lr,
    q,
    q3,
    q4,
    q5,
    r,
    r0,
    r1,
    r2,
    r3,
    r4,
    r5,
    r7,
    r9,
    r11,
    r12,
)
from tinyengine_tf.machine.thumb2 import add, add_number, ldr, load_number, mov, str_
from tinyengine_tf.ops.conv2d import WeightedOp

PIXELS = 3
LANES = 4
CHUNK = 16
"""Products per instruction."""
UNROLLED = 8
"""Up to so many chunks are unrolled: loads reach 127 bytes beyond their pointer."""
IN_LOOP = 4
PIXEL_REGISTERS = (r3, r5, r9)
ARGUMENTS = (Argument("const int8_t *", "in"), Argument("int8_t *", "out"), Argument("const uint32_t *", "stream"))
FRAME = Frame("stream", "end")
"""Where the stream begins, and where the pixels of a loop end."""
Sums = list[list[CoreRegister]]
"""Of each filter, of each pixel."""


def passes(channels: int, single: bool) -> list[list[int]]:
    """Which of up to four channels are computed together, in order. Full groups fill lanes 0 and 2, then 1 and 3."""
    if single:
        return [list(range(channels))]
    return [[0, 2], [1, 3]] if channels == LANES else [list(range(channels))[i : i + 2] for i in range(0, channels, 2)]


class WeightForm(Protocol):
    """How weights lie in the stream, and how they get into vectors."""

    def nbytes(self, n: int, filters: int) -> int:
        """Of some filters of n weights, an even number of which are computed together, or one."""

    def arranged(self, filters: Array) -> Array:
        """int8 bytes of filters that are computed together."""

    def load(self, to: Sequence[Vector], advance: int) -> list[Item]:
        """The next 16 weights of each filter from r1, which moves on by those that are meant."""


class Bytes:
    """Weights of eight bits: in turns of 16 of each filter."""

    def nbytes(self, n: int, filters: int) -> int:
        return n * filters

    def arranged(self, filters: Array) -> Array:
        return np.concatenate([filters[:, i : i + CHUNK].reshape(-1) for i in range(0, filters.shape[1], CHUNK)])

    def load(self, to: Sequence[Vector], advance: int) -> list[Item]:
        return [vldrb(w, r1.post(advance), "8") for w in to]


BYTES = Bytes()


def group_words(n: int, channels: int, rq: VectorRequantization, form: WeightForm) -> int:
    return -(-form.nbytes(n, channels) // 4) + rq.words


def stream_table(op: WeightedOp, rq: VectorRequantization, single: bool, form: WeightForm = BYTES) -> Table:
    """The stream of a layer; `single`: in the order for one pixel at a time."""
    n, channels = depth(op), op.out_channels

    def build() -> Array:
        filters = np.moveaxis(op.weights.values, op.CHANNEL_AXIS, 0).reshape(channels, n)
        parts: list[Array] = []
        for first in range(0, channels, LANES):
            count = min(LANES, channels - first)
            weights = np.concatenate(
                [form.arranged(filters[[first + c for c in together]]) for together in passes(count, single)]
            )
            parts.append(words_of(np.pad(weights, (0, -len(weights) % 4)).astype(np.int8)))
            parts.append(rq.constants(op, [first + c if c < count else -1 for c in range(LANES)]))
        return np.concatenate(parts) & 0xFFFFFFFF

    full, rest = divmod(channels, LANES)
    words = full * group_words(n, LANES, rq, form) + (group_words(n, rest, rq, form) if rest else 0)
    return Table("stream", "uint32_t", words, build)


class DenseCode:
    """Assembly for products over any number of pixels; r0 inputs, r1 out, r2 stream on entry.

    n         depth of the product
    pitch     bytes from one pixel's inputs to the next one's
    single    pixel by pixel
    form      of the weights
    """

    def __init__(
        self, op: WeightedOp, rq: VectorRequantization, pitch: int, single: bool, form: WeightForm = BYTES
    ) -> None:
        self.form = form
        self.n, self.channels, self.pitch, self.single, self.rq = depth(op), op.out_channels, pitch, single, rq
        self.whole, self.tail = divmod(self.n, CHUNK)
        self.chunks = self.whole + (1 if self.tail else 0)
        self.groups, self.rest = divmod(self.channels, LANES)

    def function(self, pixels: int) -> Function:
        return thumb2_function(ARGUMENTS, self.code(pixels), frame=FRAME, r9_is_free=True)

    def code(self, pixels: int) -> list[Item]:
        """The whole computation: blocks of three pixels, then of two; with a stream for a single pixel one by one."""
        full_bytes = 4 * self.groups * group_words(self.n, LANES, self.rq, self.form)
        code: list[Item] = [mov(r3, r0), mov(r7, r1), *load_number(r12, self.rq.scalar)]
        code += [*load_number(r11, full_bytes), add(r11, r11, r2)] if self.groups > 1 else []
        code.append(str_(r2, FRAME["stream"]))
        if self.tail and not self.rest:
            code += [mov(r0, self.tail), vctp(8, r0)]
        for size, count in self.blocks(pixels):
            code += self.repeat(size, count)
        return code

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

    def repeat(self, size: int, count: int) -> list[Item]:
        code = [*self.block(size), *add_number(r3, size * self.pitch, r0)]
        if count == 1:
            return code
        end = [*load_number(r0, count * size * self.pitch), add(r0, r0, r3), str_(r0, FRAME["end"])]
        return [*end, *flow.until_equal(r3, r0, [*code, ldr(r0, FRAME["end"])])]

    def block(self, size: int) -> list[Item]:
        """All channels of `size` pixels; r7 moves on to the next pixel."""
        code: list[Item] = [ldr(r1, FRAME["stream"])]
        if self.tail and self.rest:
            code += [mov(r0, self.tail), vctp(8, r0)]
        if not self.is_near(size):
            for before, pixel in pairwise(PIXEL_REGISTERS[:size]):
                code += beyond(pixel, before, self.pitch)
        if self.groups:
            group = self.group(LANES, size)
            code += flow.until_equal(r1, r11, group) if self.groups > 1 else group
        if self.rest:
            code += self.group(self.rest, size)
        return [*code, *add_number(r7, (size - 1) * self.channels, r0)]

    def is_near(self, size: int) -> bool:
        """Whether all inputs of a block are within reach of one pointer."""
        return self.chunks <= UNROLLED and (size - 1) * self.pitch + CHUNK * (self.chunks - 1) <= LARGEST_OFFSET

    def group(self, channels: int, size: int) -> list[Item]:
        """Up to four channels of a block of pixels, from products to stores."""
        code: list[Item] = []
        for together in passes(channels, self.single):
            sums = [[r[2 * (f * size + p)] for p in range(size)] for f in range(len(together))]
            code += self.products(sums)
            code += self.collect(sums, together, channels, size)
        if padding := -self.form.nbytes(self.n, channels) % 4:
            code.append(add(r1, r1, padding))
        results = q[:size]
        return [*code, *self.requantize(results), *self.store(results, channels)]

    def collect(self, sums: Sums, together: list[int], channels: int, size: int) -> list[Instruction]:
        """Sums into the lanes of their channels."""
        code = []
        for p in range(size):
            if channels == LANES:
                pairs = [(0, 2), (1, 3)] if self.single else [(0, 1)]
                code += [vmov_lanes(q[p], together[a], sums[a][p], sums[b][p]) for a, b in pairs]
            else:
                code += [vmov_lane(q[p], lane, sums[f][p]) for f, lane in enumerate(together)]
        return code

    def products(self, sums: Sums) -> list[Item]:
        """Sums of all products of some filters and pixels."""
        if self.chunks <= UNROLLED:
            return [item for i in range(self.chunks) for item in self.chunk(sums, i, first=i == 0)]
        peeled = (self.whole - 1) % IN_LOOP + 1
        code = self.chunk(sums, None, first=True)
        for _ in range(peeled - 1):
            code += self.chunk(sums, None)
        code += load_number(lr, (self.whole - peeled) // IN_LOOP)
        code += flow.hardware_loop([item for _ in range(IN_LOOP) for item in self.chunk(sums, None)])
        if self.tail:
            code += self.chunk(sums, self.whole)
        for pixel in PIXEL_REGISTERS[: len(sums[0])]:
            code += add_number(pixel, -CHUNK * self.whole, lr)
        return code

    def chunk(self, sums: Sums, index: int | None, first: bool = False) -> list[Item]:
        """16 inputs, or what is left: those of `index` beyond the pointers; None: where they point to, moving on."""
        filters, size = len(sums), len(sums[0])
        partial = index is not None and index >= self.whole
        looped = self.chunks > UNROLLED
        weights, spare = q[3 : 3 + filters], q[3 + filters :]
        inputs = [spare[p % len(spare)] for p in range(size)]
        multiply = vmladav if first else vmladava
        loads, products = [], []
        for p in range(size):
            near = not looped and self.is_near(size)
            pointer = PIXEL_REGISTERS[0 if near else p]
            offset = (0 if looped else CHUNK * (index or 0)) + (p * self.pitch if near else 0)
            loads.append(vldrb(inputs[p], pointer.post(CHUNK) if index is None else pointer[offset], "8"))
            products.append([multiply(sums[f][p], inputs[p], weights[f], "s8") for f in range(filters)])
        code = self.form.load(weights, self.tail if partial else CHUNK)
        if partial:
            assert len(spare) >= size
            return [*code, *flow.predicated(*loads), *(product for some in products for product in some)]
        return [*code, *(item for load, some in zip(loads, products, strict=True) for item in (load, *some))]

    def requantize(self, results: Sequence[Vector]) -> list[Instruction]:
        """32-bit sums to int8 in the lowest byte of each lane."""
        rq = self.rq
        code: list[Instruction] = []
        rights = None
        for name in rq.vectors:
            register = {"bias": q3, "left": q3, "mantissa": q4, "right": q5}[name]
            code.append(rq.load(name, register, r1.post(4 if name in SHIFTS else 16)))
            if name == "bias":
                code += [vadd(v, v, q3, "i32") for v in results]
            elif name == "left":
                code += [vshl(v, q3, "s32") for v in results]
            elif name == "right":
                rights = [q5] * len(results)
        code += rq.multiply(results, [q4] * len(results), q3, r12, rights)
        code += [rq.narrow_bottom(v, v) for v in results] + [vqmovnb(v, v, "s16") for v in results]
        return code + rq.clamp(results, q3, r0)

    def store(self, results: Sequence[Vector], channels: int) -> list[Item]:
        """One byte per lane, each pixel in its place; r7 moves on to the next channels."""
        code: list[Item] = []
        targets = [r7[0]]
        pointer, offset = r7, 0
        for spare in (r2, r4)[: len(results) - 1]:
            offset += self.channels
            if offset > LARGEST_OFFSET:
                code += beyond(spare, pointer, offset)
                pointer, offset = spare, 0
            targets.append(pointer[offset])
        if channels < LANES:
            stores = [vstrb(v, target, "32") for v, target in zip(results, targets, strict=True)]
            code += [mov(r0, channels), vctp(32, r0), *flow.predicated(*stores)]
            return [*code, add(r7, r7, channels)]
        code += [vstrb(v, target, "32") for v, target in zip(results[1:], targets[1:], strict=True)]
        return [*code, vstrb(results[0], r7.post(channels), "32")]


def beyond(to: CoreRegister, pointer: CoreRegister, offset: int) -> list[Instruction]:
    """to = pointer + offset"""
    if offset <= thumb2.LARGEST_OFFSET:
        return [add(to, pointer, offset)]
    return [*load_number(to, offset), add(to, to, pointer)]
