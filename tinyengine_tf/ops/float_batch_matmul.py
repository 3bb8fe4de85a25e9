"""BATCH_MATMUL in float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.ir import Values
from tinyengine_tf.ops.base import operator
from tinyengine_tf.ops.batch_matmul import StackedProducts
from tinyengine_tf.ops.float_weighted import ALL_FLOAT, sum_of_products


@operator("BATCH_MATMUL", needs=2, floats=True)
@dataclass(frozen=True, kw_only=True, eq=False)
class FloatBatchMatMul(StackedProducts):
    """Products of two stacks of float32 matrices, computed or constant, either transposed, stacks repeated."""

    CONSTRAINTS: ClassVar = (ALL_FLOAT,)

    def compute(self, values: Values) -> Values:
        adjoints = (self.adjoint_x, self.adjoint_y)
        x, y = (v.swapaxes(-2, -1) if adjoint else v for v, adjoint in zip(values, adjoints, strict=True))
        stack = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
        terms = ((x[..., :, k, None], y[..., k, None, :]) for k in range(self.depth))
        return (sum_of_products((*stack, self.rows, self.columns), terms),)
