"""L2_NORMALIZATION over the last dimension, int8: embeddings of unit length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import Op, Tensor, Values
from tinyengine_tf.ops.base import INT8_ACTIVATIONS, Constraint, RawOpLike, Reject, Rule, operator
from tinyengine_tf.ops.fixedmath import inverse_sqrt
from tinyengine_tf.ops.fixedpoint import Multiplier, requantize

MAX_DEPTH = 33025  # 255**2 times this is the last multiple below 2**31
FIXED_SCALE, FIXED_ZERO_POINT = 1 / 128, 0


SAME_SHAPE = Rule("input and output have the same shape, of one to four dimensions")
NO_ACTIVATION = Rule("there is no fused activation, as in TFLM")


@operator("L2_NORMALIZATION")
@dataclass(frozen=True, kw_only=True, eq=False)
class L2Normalization(Op):
    """Vectors along the last dimension, divided by their length."""

    RULES: ClassVar = (
        SAME_SHAPE,
        NO_ACTIVATION,
    )

    CONSTRAINTS: ClassVar = (
        *INT8_ACTIVATIONS,
        Constraint(
            "the output has scale 1/128 and zero point 0, what TFLM computes whatever the file says",
            lambda op: (op.output.scale, op.output.zero_point) == (FIXED_SCALE, FIXED_ZERO_POINT),
            lambda op: f"{op.output.scale:.6g} and {op.output.zero_point}",
        ),
        Constraint(
            f"the last dimension has at most {MAX_DEPTH} values, so 32-bit sums of squares are exact",
            lambda op: op.depth <= MAX_DEPTH,
            lambda op: op.depth,
        ),
    )

    @property
    def depth(self) -> int:
        return self.input.shape[-1]

    def work(self) -> dict[str, float]:
        """`row`: lengths are found, and inverted."""
        return super().work() | {"row": float(self.output.elements // self.depth)}

    def compute(self, values: Values) -> Values:
        rows = values[0].reshape(-1, self.depth).astype(np.int64) - self.input.zero_point
        inverses = [inverse_sqrt(int(total)) for total in (rows**2).sum(axis=1)]
        units = [requantize(row, Multiplier(m, shift + 7)) for row, (m, shift) in zip(rows, inverses, strict=True)]
        return (np.clip(np.stack(units), -128, 127),)

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, y = inputs[0], outputs[0]
        assert x is not None
        if not 1 <= len(x.shape) <= 4 or x.shape != y.shape:
            raise Reject(SAME_SHAPE, f"{x} -> {y}")
        activation = raw.options["fused_activation_function"]
        if activation != "NONE":
            raise Reject(NO_ACTIVATION, activation)
        return (cls(inputs=(x,), outputs=outputs),)

    def check(self) -> None:
        if self.input.shape != self.output.shape:
            raise InvalidIR(f"{self.input!r} normalised to {self.output!r}", where=self.name)
