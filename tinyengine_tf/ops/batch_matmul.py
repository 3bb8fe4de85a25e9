"""BATCH_MATMUL: products of two stacks of matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import DType, Op, Tensor, Values
from tinyengine_tf.ops.base import ACTIVATIONS, Constraint, RawOpLike, Reject, Rule, operator, whole_range
from tinyengine_tf.ops.broadcast import broadcast_shape
from tinyengine_tf.ops.fixedpoint import (
    MAX_SHIFT,
    RATIO_RULE,
    WIDE_MAX_SHIFT,
    Multiplier,
    integer_matmul,
    quantize_multiplier,
    requantize,
    requantize_wide,
)
from tinyengine_tf.ops.strided_copy import packed_strides

Strides = tuple[int, ...]


MATRICES = Rule("inputs have two dimensions or more")
SHARED = Rule("the matrices share a dimension")
STACKS = Rule("the stacks of matrices broadcast to each other")
PRODUCT_SHAPE = Rule("the output has the shape of the product")


@dataclass(frozen=True, kw_only=True, eq=False)
class StackedProducts(Op):
    """Products of two stacks of matrices, whatever their numbers are.

    adjoint_x, adjoint_y    the matrices of the first (second) input are stored transposed
    """

    RULES: ClassVar = (
        MATRICES,
        SHARED,
        STACKS,
        PRODUCT_SHAPE,
    )

    adjoint_x: bool
    adjoint_y: bool

    @property
    def x(self) -> Tensor:
        return self.input

    @property
    def y(self) -> Tensor:
        assert self.inputs[1] is not None
        return self.inputs[1]

    @property
    def rows(self) -> int:
        return self.x.shape[-1 if self.adjoint_x else -2]

    @property
    def columns(self) -> int:
        return self.y.shape[-2 if self.adjoint_y else -1]

    @property
    def depth(self) -> int:
        """The shared dimension, which is summed over."""
        return self.x.shape[-2 if self.adjoint_x else -1]

    @property
    def stacks(self) -> tuple[tuple[int, int, int], ...]:
        """(size, elements to the next matrix of x, of y) of each stack dimension; 0 elements repeat."""
        rank = max(len(self.x.shape), len(self.y.shape))
        stacked = []
        for t in (self.x, self.y):
            shape = (1,) * (rank - len(t.shape)) + t.shape
            stacked.append([(d, s if d > 1 else 0) for d, s in zip(shape, packed_strides(shape), strict=True)][:-2])
        return tuple((max(a, b), p, q) for (a, p), (b, q) in zip(*stacked, strict=True) if max(a, b) > 1)

    @property
    def macs(self) -> int:
        return self.output.elements * self.depth

    def work(self) -> dict[str, float]:
        return super().work() | {"mac": float(self.macs), "row": float(self.output.elements // self.columns)}

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, y, out = inputs[0], inputs[1], outputs[0]
        if x is None or y is None or len(x.shape) < 2 or len(y.shape) < 2:
            raise Reject(MATRICES, f"{x}, {y}")
        op = cls(
            inputs=(x, y), outputs=outputs, adjoint_x=bool(raw.options["adj_x"]), adjoint_y=bool(raw.options["adj_y"])
        )
        if op.depth != y.shape[-1 if op.adjoint_y else -2]:
            raise Reject(SHARED, f"{x.shape} and {y.shape}")
        stack = broadcast_shape(x.shape[:-2], y.shape[:-2])
        if stack is None:
            raise Reject(STACKS, f"{x.shape} and {y.shape}")
        if out.elements != int(np.prod(stack)) * op.rows * op.columns:
            raise Reject(
                PRODUCT_SHAPE,
                f"{out.shape} where {(*stack, op.rows, op.columns)} is expected",
            )
        return (op,)

    def check(self) -> None:
        if self.depth != self.y.shape[-1 if self.adjoint_y else -2]:
            raise InvalidIR(f"product of {self.x!r} and {self.y!r}", where=self.name)


@operator("BATCH_MATMUL", needs=2)
@dataclass(frozen=True, kw_only=True, eq=False)
class BatchMatMul(StackedProducts):
    """Products of two stacks of matrices, computed or constant, either transposed, stacks repeated where they are 1."""

    CONSTRAINTS: ClassVar = (
        *ACTIVATIONS,
        Constraint(
            "matrices share a dimension below 2^15, so 32-bit sums are exact",
            lambda op: op.depth < 2**15,
            lambda op: op.depth,
        ),
        Constraint(
            f"{RATIO_RULE} (2^7 times for int16, which TFLM sums in 64 bits)",
            lambda op: op.multiplier.shift <= (WIDE_MAX_SHIFT if op.wide else MAX_SHIFT),
        ),
    )

    @property
    def wide(self) -> bool:
        """Whether TFLM sums in 64 bits, and requantises as it does such sums."""
        return self.output.dtype is DType.INT16

    @property
    def multiplier(self) -> Multiplier:
        return quantize_multiplier(self.x.scale * self.y.scale / self.output.scale)

    def compute(self, values: Values) -> Values:
        x, y = (v.astype(np.int64) - t.zero_point for v, t in zip(values, (self.x, self.y), strict=True))
        x, y = (v.swapaxes(-2, -1) if adjoint else v for v, adjoint in ((x, self.adjoint_x), (y, self.adjoint_y)))
        sums = integer_matmul(x, y)
        narrowed = (requantize_wide if self.wide else requantize)(sums, self.multiplier)
        return (np.clip(narrowed + self.output.zero_point, *whole_range(self.output)),)
