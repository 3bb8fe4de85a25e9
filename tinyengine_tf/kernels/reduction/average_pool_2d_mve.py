"""AVERAGE_POOL_2D with Helium, 8 channels at once, one output row per call.

A mean is (|sum| + count / 2) / count with the sign of the sum. The division is a product: with m = ceil(2**16 / count),
floor(n m / 2**16) is exact while n (m count - 2**16) < 2**16, which `divides` checks for every count that windows have.
"""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.reduction.pool import pool_by_rows
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.pool2d import AveragePool2D
from tinyengine_tf.target import Core

LARGEST_COUNT = 255
"""Bytes whose sum fits 16 bits, whatever its sign."""


@kernel(AveragePool2D, types=(S8,), isa="mve", before=("te_average_pool_2d_s8_global",))
def te_average_pool_2d_s8_mve(op: AveragePool2D, core: Core) -> Lowered | Because:
    """Core has Helium: 8 channels at once, division as an exact product."""
    k = op.window.kernel
    if not all(divides(h * w) for h in range(1, k.h + 1) for w in range(1, k.w + 1)):
        return Because("a product does not divide exactly by so many pixels")
    return pool_by_rows(op, "reduction/average_pool_2d_mve.c.j2", ("intrinsics_mve",))


def divides(count: int) -> bool:
    """Whether sums of up to `count` bytes are divided exactly."""
    largest = 128 * count + count // 2
    return count <= LARGEST_COUNT and (count == 1 or largest * (-(-(2**16) // count) * count - 2**16) < 2**16)
