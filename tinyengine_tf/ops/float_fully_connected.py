"""FULLY_CONNECTED in float32: rows of the input times a weight matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import Op, Tensor, Values
from tinyengine_tf.ops.base import RawOpLike, Reject, operator
from tinyengine_tf.ops.conv2d import ACTIVATION, operands
from tinyengine_tf.ops.float_clamp import float_clamp
from tinyengine_tf.ops.float_weighted import FLOAT_WEIGHTED, FloatWeighted, sum_of_products
from tinyengine_tf.ops.fully_connected import MATRIX, ROWS, WEIGHTS_FORMAT


@operator("FULLY_CONNECTED", needs=2, floats=True)
@dataclass(frozen=True, kw_only=True, eq=False)
class FloatFullyConnected(FloatWeighted):
    """Matrix product in float32 with [out, in] weights; leading dimensions of the input are rows."""

    RULES: ClassVar = (WEIGHTS_FORMAT, MATRIX, ROWS, ACTIVATION)
    CONSTRAINTS: ClassVar = FLOAT_WEIGHTED

    @property
    def depth(self) -> int:
        return self.weights.shape[1]

    @property
    def rows(self) -> int:
        return self.output.elements // self.out_channels

    @property
    def macs(self) -> int:
        return self.rows * self.weights.elements

    def compute(self, values: Values) -> Values:
        x, w, bias = operands(values)
        rows = x.reshape(self.rows, self.depth)
        terms = ((rows[:, k, None], w[:, k]) for k in range(self.depth))
        return (self.finished(sum_of_products((self.rows, self.out_channels), terms), bias),)

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, w, y = inputs[0], inputs[1], outputs[0]
        if raw.options.get("weights_format", "DEFAULT") not in ("DEFAULT", 0):
            raise Reject(WEIGHTS_FORMAT, raw.options["weights_format"])
        if x is None or w is None or len(w.shape) != 2:
            raise Reject(MATRIX)
        if not y.shape or y.shape[-1] != w.shape[0] or x.elements * w.shape[0] != y.elements * w.shape[1]:
            raise Reject(ROWS, f"{x.shape}, {w.shape} -> {y.shape}")
        return (cls(inputs=inputs, outputs=outputs, clamp=float_clamp(raw)),)

    def check(self) -> None:
        if self.input.elements != self.rows * self.depth:
            raise InvalidIR(f"{self.input!r} into rows of {self.depth}", where=self.name)
