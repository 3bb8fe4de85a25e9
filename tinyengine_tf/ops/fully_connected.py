"""FULLY_CONNECTED: rows of the input times a weight matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import Op, Tensor, Values
from tinyengine_tf.ops.base import RawOpLike, Reject, operator
from tinyengine_tf.ops.conv2d import WEIGHTED, WeightedOp, fused_clamp, operands
from tinyengine_tf.ops.fixedpoint import integer_matmul


@operator("FULLY_CONNECTED")
@dataclass(frozen=True, kw_only=True, eq=False)
class FullyConnected(WeightedOp):
    """Matrix product with [out, in] weights; leading dimensions of the input are rows.

    Weights may have a zero point (asymmetric, per tensor), as TFLM allows here only.
    """

    CHANNEL_AXIS: ClassVar = 0
    CONSTRAINTS: ClassVar = WEIGHTED

    @property
    def depth(self) -> int:
        return self.weights.shape[1]

    @property
    def rows(self) -> int:
        return self.output.elements // self.out_channels

    @property
    def weights_zero_point(self) -> int:
        assert self.weights.quant is not None
        return 0 if self.weights.quant.per_channel else self.weights.zero_point

    @property
    def macs(self) -> int:
        return self.rows * self.weights.elements

    def compute(self, values: Values) -> Values:
        x, w, bias = operands(values)
        rows = x.reshape(self.rows, self.depth).astype(np.int64) - self.input.zero_point
        return (self.requantized(integer_matmul(rows, (w.astype(np.int64) - self.weights_zero_point).T), bias),)

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, w, y = inputs[0], inputs[1], outputs[0]
        if raw.options.get("weights_format", "DEFAULT") not in ("DEFAULT", 0):
            raise Reject("the weights format is DEFAULT", raw.options["weights_format"])
        if x is None or w is None or len(w.shape) != 2:
            raise Reject("weights have two dimensions")
        if not y.shape or y.shape[-1] != w.shape[0] or x.elements * w.shape[0] != y.elements * w.shape[1]:
            raise Reject("the input divides into rows of the weights' depth", f"{x.shape}, {w.shape} -> {y.shape}")
        return (cls(inputs=inputs, outputs=outputs, clamp=fused_clamp(raw, y)),)

    def check(self) -> None:
        if self.input.elements != self.rows * self.depth:
            raise InvalidIR(f"{self.input!r} into rows of {self.depth}", where=self.name)
