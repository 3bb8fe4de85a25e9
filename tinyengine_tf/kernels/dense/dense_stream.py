"""Weights, biases and multipliers in the order in which dense_dsp.py reads them, and how it multiplies.

SMLAD multiplies two pairs of 16-bit numbers. Four int8 weights w0..w3 are stored as two 16-bit numbers

    H = (256 w1 + w0, 256 w3 + w2)     of which one SXTB16 makes     E = (w0, w2)

and four inputs are widened, once for all filters, to O = (x1, x3) and R = (256 x0 + 127 - x1, 256 x2 + 127 - x3):

    H . O + E . R = 256 (w0 x0 + w1 x1 + w2 x2 + w3 x3) + 127 (w0 + w2)

Two SMLAD and a single unpacking per four products; the constant goes into the bias. Sums are modulo 2**32, only
the final one must fit (fast_requantize.py). R always fits 16 bits; H does unless w1 = -128 and w0 < 0.

Stream, in words, for every two (fully-connected: four) filters: biases; weights, one word of each filter in turn;
multipliers; and, if their shifts differ, the shifts in one word. Remaining filters follow in the same order.

Where several pixels are multiplied, four words come before: the bytes that pairs of filters take, those of a widened
pixel, the constant of the requantisation, the number of filters. With them in the stream, layers share functions.
"""

from __future__ import annotations

import numpy as np

from tinyengine_tf.kernels.arithmetic.fast_requantize import Requantization, solve
from tinyengine_tf.kernels.arithmetic.short_requantize import live_weights
from tinyengine_tf.kernels.base import Array, Because, Table
from tinyengine_tf.kernels.dense.weighted import depth
from tinyengine_tf.ops.conv2d import WeightedOp

FILTERS = 2
PIXELS = 3
"""Filters and pixels computed together: six sums fit the registers."""


def solve_dense(op: WeightedOp) -> Requantization | Because:
    """The requantisation of a layer whose weights can be multiplied this way, or why they cannot."""
    rq = solve(op)
    if isinstance(rq, Because) or op.weights.data is None:
        return rq
    pairs = grouped(op, rq)
    if ((pairs[..., 1::2] == -128) & (pairs[..., ::2] < 0)).any():
        return Because("a weight of -128 beside a negative one")
    return rq


def groups(op: WeightedOp) -> int:
    return -(-depth(op) // 4)


def grouped(op: WeightedOp, rq: Requantization) -> Array:
    """int64 weights [filters, inputs padded to fours]; filters of constant output count as zero."""
    weights = live_weights(op, rq)
    return np.pad(weights, ((0, 0), (0, -weights.shape[1] % 4)))


def packed_words(weights: Array) -> Array:
    """Words H of weights [filters, 4 n] -> int64 [filters, n], each modulo 2**32."""
    halves: Array = 256 * weights[:, 1::2] + weights[:, ::2]
    return (halves[:, ::2] & 0xFFFF) | (halves[:, 1::2] & 0xFFFF) << 16


def stream_words(op: WeightedOp, rq: Requantization, filters: int, together: int) -> int:
    """Words of the first `filters` filters."""
    shifts = -(-filters // together) if rq.tail is None else 0
    return filters * (2 + groups(op)) + shifts


def stream_table(op: WeightedOp, rq: Requantization, together: int) -> Table:
    """The stream of a layer whose kernel takes `together` filters at once, at most 4; a remainder comes last."""

    def build() -> Array:
        weights = grouped(op, rq)
        words = packed_words(weights)
        biases = rq.biases - 127 * weights[:, ::2].sum(axis=1)
        parts: list[Array] = []
        for c in range(0, op.out_channels, together):
            some = slice(c, min(c + together, op.out_channels))
            parts += [biases[some], words[some].T.reshape(-1), rq.mantissas[some]]
            if rq.tail is None:
                parts.append(np.array([sum(int(t) << 8 * i for i, t in enumerate(rq.tails[some]))]))
        return np.concatenate(parts) & 0xFFFFFFFF

    return Table("stream", "uint32_t", stream_words(op, rq, op.out_channels, together), build)


def complete_bytes(op: WeightedOp, rq: Requantization, together: int) -> int:
    """Bytes of the stream that complete groups of `together` filters take."""
    return 4 * stream_words(op, rq, op.out_channels // together * together, together)


def headed_stream_table(op: WeightedOp, rq: Requantization) -> Table:
    """The stream as dense_dsp.py reads it."""
    stream = stream_table(op, rq, FILTERS)

    def build() -> Array:
        header = (complete_bytes(op, rq, FILTERS), 8 * groups(op), rq.layer_constant, op.out_channels)
        return np.concatenate((header, stream.build()))

    return Table(stream.name, stream.ctype, 4 + stream.length, build)
