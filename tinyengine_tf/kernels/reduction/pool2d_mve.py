"""AVERAGE_POOL_2D and MAX_POOL_2D with Helium, 16 or 8 channels at once, one output row per call.

A mean is (|sum| + count / 2) / count with the sign of the sum. The division is a product: with m = ceil(2**16 / count),
floor(n m / 2**16) is exact while n (m count - 2**16) < 2**16, which `divides` checks for every count that windows have.
"""

from __future__ import annotations

from tinyengine_tf.kernels.class_kernel import class_kernel
from tinyengine_tf.kernels.reduction.pool2d import Pool2DPortable
from tinyengine_tf.ops.pool2d import AveragePool2D, MaxPool2D, Pool2D
from tinyengine_tf.target import Core

LARGEST_COUNT = 255
"""Bytes whose sum fits 16 bits, whatever its sign."""


class Pool2DMve(Pool2DPortable):
    isa = "mve"
    rank = 19
    needs = ("intrinsics_mve",)


@class_kernel
class MaxPool2DMve(Pool2DMve):
    name = "te_max_pool_2d_s8_mve"
    ops = (MaxPool2D,)
    why = "core has Helium: 16 channels at once"
    template = "reduction/max_pool_2d_mve.c.j2"


@class_kernel
class AveragePool2DMve(Pool2DMve):
    name = "te_average_pool_2d_s8_mve"
    ops = (AveragePool2D,)
    why = "core has Helium: 8 channels at once, division as an exact product"
    template = "reduction/average_pool_2d_mve.c.j2"

    def rejects(self, op: Pool2D, core: Core) -> str | None:
        k = op.window.kernel
        counts = {h * w for h in range(1, k.h + 1) for w in range(1, k.w + 1)}
        return None if all(map(divides, counts)) else "a product does not divide exactly by so many pixels"


def divides(count: int) -> bool:
    """Whether sums of up to `count` bytes are divided exactly."""
    largest = 128 * count + count // 2
    return count <= LARGEST_COUNT and (count == 1 or largest * (-(-(2**16) // count) * count - 2**16) < 2**16)
