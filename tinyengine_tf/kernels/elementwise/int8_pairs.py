"""An int8 operator of two operands -> all that its outputs follow from, whatever its shape.

Proofs over all 65536 pairs of operands are kept by these values: a search asks for the same few again and again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyengine_tf.ir import DType, Quant, Tensor
from tinyengine_tf.kernels.base import Array
from tinyengine_tf.ops.binary import Binary


@dataclass(frozen=True)
class Int8Pairs:
    """What is done to two int8 numbers."""

    function: str
    a: Quant
    b: Quant
    out: Quant
    clamp: tuple[int, int]

    @staticmethod
    def of(op: Binary) -> Int8Pairs:
        assert op.a.quant is not None and op.b.quant is not None and op.output.quant is not None
        return Int8Pairs(op.function, op.a.quant, op.b.quant, op.output.quant, op.int8_clamp)

    @property
    def operator(self) -> Binary:
        """The operator on single numbers."""
        a, b, out = (Tensor(n, (1,), DType.INT8, getattr(self, n)) for n in ("a", "b", "out"))
        return Binary(inputs=(a, b), outputs=(out,), function=self.function, clamp=self.clamp)


def all_pairs() -> tuple[Array, Array]:
    """Every pair of int8 numbers, as two arrays."""
    a, b = np.meshgrid(np.arange(-128, 128), np.arange(-128, 128))
    return a, b
