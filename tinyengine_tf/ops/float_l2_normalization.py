"""L2_NORMALIZATION over the last dimension in float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import Op, Tensor, Values
from tinyengine_tf.ops.base import RawOpLike, Reject, operator
from tinyengine_tf.ops.float_weighted import ALL_FLOAT
from tinyengine_tf.ops.l2_normalization import NO_ACTIVATION, SAME_SHAPE

LEAST_LENGTH = 1e-6


@operator("L2_NORMALIZATION", floats=True)
@dataclass(frozen=True, kw_only=True, eq=False)
class FloatL2Normalization(Op):
    """float32 vectors along the last dimension, divided by their length, or by 1e-6 if they are shorter."""

    RULES: ClassVar = (SAME_SHAPE, NO_ACTIVATION)
    CONSTRAINTS: ClassVar = (ALL_FLOAT,)

    @property
    def depth(self) -> int:
        return self.input.shape[-1]

    def compute(self, values: Values) -> Values:
        (x,) = values
        squares = np.zeros((*x.shape[:-1], 1), np.float32)
        with np.errstate(all="ignore"):
            for k in range(self.depth):
                squares += x[..., k : k + 1] * x[..., k : k + 1]
            return (x / np.maximum(np.sqrt(squares), np.float32(LEAST_LENGTH)),)

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, y = inputs[0], outputs[0]
        assert x is not None
        if not 1 <= len(x.shape) <= 4 or x.shape != y.shape:
            raise Reject(SAME_SHAPE, f"{x} -> {y}")
        if raw.options["fused_activation_function"] != "NONE":
            raise Reject(NO_ACTIVATION, raw.options["fused_activation_function"])
        return (cls(inputs=(x,), outputs=outputs),)

    def check(self) -> None:
        if self.input.shape != self.output.shape:
            raise InvalidIR(f"{self.input!r} normalised to {self.output!r}", where=self.name)
