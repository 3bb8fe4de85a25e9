"""Weights of four bits in the stream that dense_mve.py reads: two filters to a byte, unpacked by three shifts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyengine_tf.kernels.base import Array
from tinyengine_tf.kernels.nibbles import packed
from tinyengine_tf.machine.helium import vldrb, vshl_number, vshr_number
from tinyengine_tf.machine.instruction import Item
from tinyengine_tf.machine.registers import Vector, r1


class Nibbles:
    """A filter without another one leaves the upper halves of its bytes empty."""

    def nbytes(self, n: int, filters: int) -> int:
        return n * -(-filters // 2)

    def arranged(self, filters: Array) -> Array:
        """In turns of 16 bytes of each pair of filters."""
        pairs = packed(filters.T).T
        return np.concatenate([pairs[:, i : i + 16].reshape(-1) for i in range(0, pairs.shape[1], 16)])

    def load(self, to: Sequence[Vector], advance: int) -> list[Item]:
        code: list[Item] = []
        for lower, upper in zip(to[::2], [*to[1::2], None], strict=False):
            both = lower if upper is None else upper
            code += [vldrb(both, r1.post(advance), "8"), vshl_number(lower, both, 4, "i8")]
            code.append(vshr_number(lower, lower, 4, "s8"))
            if upper is not None:
                code.append(vshr_number(upper, upper, 4, "s8"))
        return code


NIBBLES = Nibbles()
