"""int4 weights of a layer -> what multiplies widened inputs with SMLAD: the stream, its arithmetic, the assembly.

A word holds four weights of each of two filters, a0..a3 and b0..b3, as the bytes

    16 a1 + a0,  16 b1 + b0,  16 a3 + a2,  16 b3 + b2

so that SXTB16 makes of it  H = (16 a1 + a0, 16 a3 + a2)  and, of its even nibbles moved up,  E = (16 a0, 16 a2); both
of b likewise, rotated. With inputs widened to  O = (16 x1, 16 x3)  and  R = (16 x0 - x1, 16 x2 - x3)

    H . O + E . R = 256 (a0 x0 + a1 x1 + a2 x2 + a3 x3)

for two SMLAD per four products, as of int8 weights (dense_stream.py); unpacking takes seven instructions per word
instead of three. Bytes hold all weights but -8 in an odd place beside a negative one.

The stream is that of int8 but for the weights: one word per group of four inputs of two filters. A last single filter
takes one word for two groups, the first in the place of a, in each run of groups that is unrolled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyengine_tf.kernels.arithmetic.fast_requantize import Requantization, solve
from tinyengine_tf.kernels.base import Array, Because, Table
from tinyengine_tf.kernels.dense.dense_dsp import DenseCode, dense_code
from tinyengine_tf.kernels.dense.dense_stream import FILTERS, grouped, groups
from tinyengine_tf.kernels.dense.products_dsp import Products
from tinyengine_tf.kernels.dense.widen_dsp import widening
from tinyengine_tf.machine.instruction import Item
from tinyengine_tf.machine.registers import CoreRegister, lr, r6, r7, r8, r9
from tinyengine_tf.machine.thumb2 import and_, bic, ldr, lsl, ssub16, sxtb16
from tinyengine_tf.ops.conv2d import WeightedOp

UPPER_NIBBLES = 0xF0F0F0F0
SPILLED = 0x000F0000
"""Where bits of the lower half end up when both are moved by four."""


def products_s8w4(op: WeightedOp) -> Products | Because:
    rq = solve(op)
    if isinstance(rq, Because):
        return rq
    if op.weights.data is not None:
        weights = grouped(op, rq)
        if ((weights[:, 1::2] == -8) & (weights[:, ::2] < 0)).any():
            return Because("a weight of -8 beside a negative one")
    dense = PackedDenseCode(**vars(dense_code(op, rq)))
    return Products(dense, stream_table(op, rq, dense), widening_by_16, "te_widen_16", "widen_word_16_dsp")


@dataclass(frozen=True)
class PackedDenseCode(DenseCode):
    """Functions that unpack two filters, or two groups of one, from a word."""

    def name(self, pixels: int) -> str:
        return super().name(pixels).replace("te_dense_", "te_dense_s8w4_")

    @property
    def runs(self) -> tuple[int, int]:
        """Groups of a run before the loop, and of one in it."""
        return self.peeled, self.unrolled

    def group(self, pixels: int, filters: int, last_bias: bool, index: int) -> list[Item]:
        code: list[Item] = []
        if filters == FILTERS or index % 2 == 0:
            code += [ldr(r9, lr.post(4)), sxtb16(r6, r9), sxtb16(r7, r9.ror(8)), lsl(r9, r9, 4)]
            code += [and_(r9, r9, UPPER_NIBBLES), sxtb16(r8, r9), sxtb16(r9, r9.ror(8))]
        weights, even = [r6, r7], [r8, r9]
        if filters == 1:
            weights, even = [weights[index % 2]], [even[index % 2]]
        return code + self.multiply(pixels, weights, even, last_bias)


def stream_table(op: WeightedOp, rq: Requantization, dense: PackedDenseCode) -> Table:
    """The stream with its four words in front."""
    pairs, odd = divmod(op.out_channels, FILTERS)
    shifts = 1 if rq.tail is None else 0
    single = single_places(groups(op), dense)
    complete = pairs * (2 * FILTERS + groups(op) + shifts)
    length = complete + (2 + len(single) // 2 + shifts if odd else 0)

    def build() -> Array:
        weights = grouped(op, rq).reshape(op.out_channels, -1, 4)
        parts: list[Array] = [np.array((4 * complete, 8 * groups(op), rq.layer_constant, op.out_channels))]
        for c in range(0, op.out_channels, FILTERS):
            some = slice(c, min(c + FILTERS, op.out_channels))
            if c + 1 < op.out_channels:
                words = packed_words(weights[c], weights[c + 1])
            else:
                last = np.concatenate((weights[c], np.zeros((1, 4), np.int64)))[single]
                words = packed_words(last[::2], last[1::2])
            parts += [rq.biases[some], words, rq.mantissas[some]]
            if rq.tail is None:
                parts.append(np.array([sum(int(t) << 8 * i for i, t in enumerate(rq.tails[some]))]))
        return np.concatenate(parts) & 0xFFFFFFFF

    return Table("stream", "uint32_t", 4 + length, build)


def packed_words(a: Array, b: Array) -> Array:
    """Weights [groups, 4] of two filters -> a word per group, modulo 2**32."""
    pairs = [16 * f[:, i + 1] + f[:, i] for i in (0, 2) for f in (a, b)]
    words: Array = sum((pair & 0xFF) << 8 * i for i, pair in enumerate(pairs))
    return words


def single_places(count: int, dense: PackedDenseCode) -> list[int]:
    """Which group a single filter's words hold, two by two; -1: none."""
    peeled, unrolled = dense.runs
    begins = [0] if peeled else []
    begins += list(range(peeled, count, unrolled)) if unrolled else []
    places: list[int] = []
    for begin in begins:
        run = list(range(begin, begin + (unrolled if begin or not peeled else peeled)))
        places += run + [-1] * (len(run) % 2)
    return places


def widen_by_16(odd: CoreRegister, even: CoreRegister) -> list[Item]:
    """Four inputs in `even` become both words."""
    code: list[Item] = [sxtb16(odd, even.ror(8)), sxtb16(even, even), lsl(even, even, 4), bic(even, even, SPILLED)]
    return [*code, ssub16(even, even, odd), lsl(odd, odd, 4), bic(odd, odd, SPILLED)]


def widening_by_16(pixels: int, step: int) -> dict[str, Any]:
    return widening(pixels, step, widen_by_16)
