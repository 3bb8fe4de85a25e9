"""Winograd's F(2x2, 3x3) in exact integers: how weights are transformed, and how they are laid out for SMLAD.

Four outputs of a 3x3 window of stride 1, a tile of 2x2, take 16 products per input channel instead of 36. With the
tile's 4x4 inputs d and the weights g of one channel,

    V = B' d B      U = (2G) g (2G)'      4 y = A' (sum over channels of U * V, element by element) A

          1  0 -1  0          2  0  0           1  1  1  0
    B' =  0  1  1  0    2G =  1  1  1     A' =  0  1 -1 -1
          0 -1  1  0          1 -1  1
          0  1  0 -1          0  0  2

[Winograd 1980; Lavin and Gray, CVPR 2016, where G is half of ours]. Everything is an integer: |U| <= 9 * 128 and
|V| <= 4 * 128 fit 16 bits; sums are modulo 2**32, and only the final one must fit, which fast_requantize.py proves of
256 y.

Stream, in words, for every two filters: weights, for each of the 16 elements and each four channels the words
(filter 0: channels 0, 2), (filter 1: 0, 2), (filter 0: 1, 3), (filter 1: 1, 3); two biases; two multipliers; and, if
their shifts differ, the shifts in one word.
"""

from __future__ import annotations

import numpy as np

from tinyengine_tf.kernels.arithmetic.fast_requantize import Requantization
from tinyengine_tf.kernels.base import Array, Table
from tinyengine_tf.ops.conv2d import Conv2D

ELEMENTS = 16
"""Products of a tile and a channel."""
TWICE_G = np.array([[2, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 2]], np.int64)
LONGEST_RUN = 16
"""Groups of four channels that are multiplied without a loop."""


def transformed(op: Conv2D, rq: Requantization) -> Array:
    """U as int64 [filters, 16, channels]; filters of constant output count as zero."""
    weights = op.weights.values.astype(np.int64) * ~rq.constant[:, None, None, None]
    u: Array = np.einsum("ai,oijc,bj->oabc", TWICE_G, weights, TWICE_G)
    return u.reshape(op.out_channels, ELEMENTS, -1)


def run_groups(channels: int) -> int:
    """Groups of four channels multiplied in a row: the largest divisor of their number that is short enough."""
    groups = channels // 4
    return max(n for n in range(1, LONGEST_RUN + 1) if groups % n == 0)


def filter_words(op: Conv2D, rq: Requantization) -> int:
    """Words of the stream that two filters take."""
    return ELEMENTS * op.input.shape[3] + 4 + (rq.tail is None)


def winograd_stream(op: Conv2D, rq: Requantization) -> Table:
    def build() -> Array:
        u = transformed(op, rq) & 0xFFFF
        # [pairs of filters, filter, element, groups, channel of 4] -> [.., pair of channels, filter]
        u = u.reshape(op.out_channels // 2, 2, ELEMENTS, -1, 4)
        words = np.moveaxis(u[..., :2] | u[..., 2:] << 16, 1, -1)
        parts = [words.reshape(op.out_channels // 2, -1), rq.biases.reshape(-1, 2), rq.mantissas.reshape(-1, 2)]
        if rq.tail is None:
            tails = rq.tails.reshape(-1, 2)
            parts.append(tails[:, :1] | tails[:, 1:] << 8)
        stream: Array = np.concatenate(parts, axis=1) & 0xFFFFFFFF
        return stream

    return Table("stream", "uint32_t", op.out_channels // 2 * filter_words(op, rq), build)
