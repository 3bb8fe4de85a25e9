"""TRANSPOSE: dimensions in another order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyengine_tf.ir import Op, Tensor
from tinyengine_tf.ops.base import RawOpLike, Reject, Rule, operator
from tinyengine_tf.ops.strided_copy import StridedCopy, packed_strides

CONSTANT_PERMUTATION = Rule("the permutation is constant")
PERMUTATION = Rule("the permutation names every dimension once")
PERMUTED_SHAPE = Rule("the output has the permuted shape")


@operator("TRANSPOSE", needs=2)
@dataclass(frozen=True, kw_only=True, eq=False)
class Transpose(StridedCopy):
    """Dimensions in another order, any permutation of any element type."""

    RULES: ClassVar = (
        CONSTANT_PERMUTATION,
        PERMUTATION,
        PERMUTED_SHAPE,
    )

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, permutation = inputs[0], inputs[1]
        if x is None or permutation is None or permutation.data is None:
            raise Reject(CONSTANT_PERMUTATION)
        order = [int(i) for i in permutation.values.reshape(-1)]
        if sorted(order) != list(range(len(x.shape))):
            raise Reject(PERMUTATION, order)
        sizes, strides = tuple(x.shape[i] for i in order), packed_strides(x.shape)
        if sizes != outputs[0].shape:
            raise Reject(PERMUTED_SHAPE, f"{outputs[0].shape} where {sizes} is expected")
        return (cls(inputs=(x,), outputs=outputs, sizes=sizes, strides=tuple(strides[i] for i in order)),)
