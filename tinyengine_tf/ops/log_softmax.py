"""LOG_SOFTMAX over the last dimension, int8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import Op, Tensor, Values
from tinyengine_tf.ops.base import INT8_ACTIVATIONS, Constraint, RawOpLike, Reject, Rule, operator
from tinyengine_tf.ops.fixedmath import each, logarithm
from tinyengine_tf.ops.fixedpoint import INT32_MIN, Multiplier, quantize_multiplier, requantize, rounding_shift
from tinyengine_tf.ops.softmax import Differences

MAX_DEPTH = 4095  # a sum of more exponentials, each up to 2**19, exceeds 31 bits
FIXED_SCALE, FIXED_ZERO_POINT = 16 / 256, 127


SAME_SHAPE = Rule("input and output have the same shape, of at least one dimension")


@operator("LOG_SOFTMAX")
@dataclass(frozen=True, kw_only=True, eq=False)
class LogSoftmax(Op):
    """x - max - log(sum of exp(x - max)) over the last dimension, in fixed point."""

    RULES: ClassVar = (SAME_SHAPE,)

    CONSTRAINTS: ClassVar = (
        *INT8_ACTIVATIONS,
        Constraint(
            "the output has scale 1/16 and zero point 127",
            lambda op: (op.output.scale, op.output.zero_point) == (FIXED_SCALE, FIXED_ZERO_POINT),
            lambda op: f"{op.output.scale:.6g} and {op.output.zero_point}",
        ),
        Constraint(
            "the input scale is above 2^-25",
            lambda op: op.input.scale * 2.0**25 > 1,
            lambda op: f"{op.input.scale:.3g}",
        ),
        Constraint(
            f"the last dimension has at most {MAX_DEPTH} values", lambda op: op.depth <= MAX_DEPTH, lambda op: op.depth
        ),
    )

    @property
    def depth(self) -> int:
        return self.input.shape[-1]

    @property
    def differences(self) -> Differences:
        return Differences(self.input.scale)

    @property
    def reverse(self) -> Multiplier:
        """From scaled differences back to those of int8 values."""
        m = self.differences.multiplier
        return quantize_multiplier((1 << (31 - m.shift)) / m.mantissa)

    def work(self) -> dict[str, float]:
        """`row`: logarithms; `near`: values near enough to the largest to count, if all distances are equally usual."""
        found, differences = super().work(), self.differences
        near = min(differences.radius, 255) / 255
        return found | {"row": float(self.output.elements // self.depth), "near": found["out"] * near}

    def compute(self, values: Values) -> Values:
        log = each(logarithm, self.differences.sums(self.differences.of(values[0])))
        x = values[0].astype(np.int64)
        below = x - x.max(axis=-1, keepdims=True)
        least = np.maximum(requantize(log + INT32_MIN, self.reverse), -self.differences.radius - 1)
        q = FIXED_ZERO_POINT + rounding_shift(requantize(below, self.differences.multiplier) - log, 22)
        return (np.where(below > least, np.clip(q, -128, 127), -128),)

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, y = inputs[0], outputs[0]
        assert x is not None
        if not x.shape or x.shape != y.shape:
            raise Reject(SAME_SHAPE, f"{x} -> {y}")
        return (cls(inputs=(x,), outputs=outputs),)

    def check(self) -> None:
        if self.input.shape != self.output.shape:
            raise InvalidIR(f"log-softmax {self.input!r} -> {self.output!r}", where=self.name)
