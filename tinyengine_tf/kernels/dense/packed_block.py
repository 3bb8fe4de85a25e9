"""Dense blocks in C whose weights have four bits: unpacked where they are loaded, once for two pixels.

Of a group of filters that are computed together, a byte holds the weights of two filters, for one input after the
other; filters that fill no group follow one by one, with two inputs in a byte.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyengine_tf.kernels.arithmetic.fast_requantize import Requantization
from tinyengine_tf.kernels.arithmetic.short_requantize import live_weights
from tinyengine_tf.kernels.base import Array, Table
from tinyengine_tf.kernels.dense.dense_block import DenseBlock
from tinyengine_tf.kernels.dense.weighted import depth
from tinyengine_tf.kernels.nibbles import packed, packed_bytes
from tinyengine_tf.ops.conv2d import WeightedOp


class PackedBlock(DenseBlock):
    """`together` is even."""

    def weights(self, op: WeightedOp, rq: Requantization) -> Table:
        whole = op.out_channels // self.together * self.together

        def build() -> Array:
            w = live_weights(op, rq)
            groups = w[:whole].reshape(-1, self.together, w.shape[1]).transpose(0, 2, 1)
            return np.concatenate((packed(groups).reshape(-1), packed(w[whole:]).reshape(-1)))

        length = whole * depth(op) // 2 + packed_bytes(op.out_channels - whole, depth(op))
        return Table("weights", "int8_t", length, build)

    def params(self, op: WeightedOp, rq: Requantization) -> dict[str, Any]:
        return super().params(op, rq) | {"dense_further": {"together": self.together}}


PACKED = PackedBlock("dense/packed_block.c.j2", 4, "short_requantize", called=False)
PACKED_THUMB1 = PackedBlock("dense/packed_block.c.j2", 2, "short_requantize_thumb1", called=True)
"""Armv6-M has registers for the sums of two filters and two pixels."""
