"""FULLY_CONNECTED: rows of the input times a weight matrix."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import DType, Op, Tensor, Values
from tinyengine_tf.ops.base import Constraint, RawOpLike, Reject, Rule, operator
from tinyengine_tf.ops.batch_matmul import BatchMatMul
from tinyengine_tf.ops.conv2d import CLAMP_RULES, WEIGHTED, WeightedOp, fused_clamp, operands
from tinyengine_tf.ops.fixedpoint import integer_matmul
from tinyengine_tf.ops.lookup import Lookup
from tinyengine_tf.ops.reshape import Reshape

WEIGHTS_FORMAT = Rule("the weights format is DEFAULT")
MATRIX = Rule("weights have two dimensions")
INT8_PRODUCT = Rule("data is int8 where weights are computed")
NO_BIAS = Rule("weights are constant, or, where they are computed, there is no bias but zeros")
ROWS = Rule("the input divides into rows of the weights' depth")


@operator("FULLY_CONNECTED", needs=2)
@dataclass(frozen=True, kw_only=True, eq=False)
class FullyConnected(WeightedOp):
    """Matrix product with [out, in] weights; leading dimensions of the input are rows.

    Weights may have a zero point (asymmetric, per tensor), as TFLM allows here only.
    """

    RULES: ClassVar = (
        WEIGHTS_FORMAT,
        MATRIX,
        ROWS,
        NO_BIAS,
        INT8_PRODUCT,
        *BatchMatMul.CONSTRAINTS,
        *CLAMP_RULES,
    )

    CHANNEL_AXIS: ClassVar = 0
    BIAS_BESIDE_INT16: ClassVar = (DType.INT64, DType.INT32)
    CONSTRAINTS: ClassVar = (
        *WEIGHTED,
        Constraint(
            "weights beside int16 data have zero point 0",
            lambda op: op.input.dtype is not DType.INT16 or not op.weights_zero_point,
            lambda op: op.weights_zero_point,
        ),
    )

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

    @property
    def mixes_channels(self) -> bool:
        return self.depth == self.input.depth and self.weights_zero_point == 0

    def compute(self, values: Values) -> Values:
        x, w, bias = operands(values)
        rows = x.reshape(self.rows, self.depth).astype(np.int64) - self.input.zero_point
        return (self.requantized(integer_matmul(rows, (w.astype(np.int64) - self.weights_zero_point).T), bias),)

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, w, y = inputs[0], inputs[1], outputs[0]
        if raw.options.get("weights_format", "DEFAULT") not in ("DEFAULT", 0):
            raise Reject(WEIGHTS_FORMAT, raw.options["weights_format"])
        if x is None or w is None or len(w.shape) != 2:
            raise Reject(MATRIX)
        if not y.shape or y.shape[-1] != w.shape[0] or x.elements * w.shape[0] != y.elements * w.shape[1]:
            raise Reject(ROWS, f"{x.shape}, {w.shape} -> {y.shape}")
        clamp = fused_clamp(raw, y)
        if w.data is None and not w.const:
            return product(raw, x, w, inputs[2] if len(inputs) > 2 else None, y, clamp)
        return (cls(inputs=inputs, outputs=outputs, clamp=clamp),)

    def check(self) -> None:
        if self.input.elements != self.rows * self.depth:
            raise InvalidIR(f"{self.input!r} into rows of {self.depth}", where=self.name)


def product(
    raw: RawOpLike, x: Tensor, w: Tensor, bias: Tensor | None, y: Tensor, clamp: tuple[int, int]
) -> tuple[Op, ...]:
    """Both matrices computed: a product of two tensors, then the activation. TFLM computes the same sums."""
    if bias is not None and (bias.data is None or bias.values.any()):
        raise Reject(NO_BIAS, bias)
    if x.dtype is DType.INT16:
        raise Reject(INT8_PRODUCT, x)
    rows = (x.elements // w.shape[1], w.shape[1])
    matrix = x if x.shape == rows else replace(x, name=f"{y.name}/rows", shape=rows, source=None)
    whole = (-128, 127) == clamp
    out = y if whole else replace(y, name=f"{y.name}/product", source=None)
    ops: list[Op] = [] if matrix is x else [Reshape(inputs=(x,), outputs=(matrix,))]
    op = BatchMatMul(inputs=(matrix, w), outputs=(out,), adjoint_x=False, adjoint_y=True)
    for rule in BatchMatMul.CONSTRAINTS:
        if not rule.holds(op):
            raise Reject(rule, rule.found(op))
    ops.append(op)
    if not whole:
        table = tuple(min(max(v, clamp[0]), clamp[1]) for v in range(-128, 128))
        ops.append(Lookup(inputs=(out,), outputs=(y,), table=table, function=raw.options["fused_activation_function"]))
    return tuple(ops)
