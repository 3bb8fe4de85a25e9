"""SOFTMAX over the last dimension in float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import Op, Tensor, Values
from tinyengine_tf.ops.base import RawOpLike, Reject, operator
from tinyengine_tf.ops.float_weighted import ALL_FLOAT
from tinyengine_tf.ops.softmax import SAME_SHAPE


@operator("SOFTMAX", floats=True)
@dataclass(frozen=True, kw_only=True, eq=False)
class FloatSoftmax(Op):
    """exp(beta * (x - largest x)) / sum of the same over the last dimension, in float32; exp is the C library's."""

    RULES: ClassVar = (SAME_SHAPE,)
    CONSTRAINTS: ClassVar = (ALL_FLOAT,)

    beta: float

    @property
    def depth(self) -> int:
        return self.input.shape[-1]

    @property
    def calls_libm(self) -> bool:
        return True

    def work(self) -> dict[str, float]:
        """`row`: exponentials are summed once for each."""
        return super().work() | {"row": float(self.output.elements // self.depth)}

    def compute(self, values: Values) -> Values:
        (x,) = values
        with np.errstate(all="ignore"):
            scaled = (x - x.max(axis=-1, keepdims=True)) * np.float32(self.beta)
            shares = np.exp(scaled.astype(np.float64)).astype(np.float32)
            sums = np.zeros((*x.shape[:-1], 1), np.float32)
            for k in range(self.depth):
                sums += shares[..., k : k + 1]
            return (shares / sums,)

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, y = inputs[0], outputs[0]
        assert x is not None
        if not x.shape or x.shape != y.shape:
            raise Reject(SAME_SHAPE, f"{x} -> {y}")
        return (cls(inputs=(x,), outputs=(y,), beta=raw.options["beta"]),)

    def check(self) -> None:
        if self.input.shape != self.output.shape:
            raise InvalidIR(f"softmax {self.input!r} -> {self.output!r}", where=self.name)
