"""QUANTIZE and DEQUANTIZE: between float32 and integers, and from one 8-bit quantisation to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import DType, Op, Tensor, Values
from tinyengine_tf.ops.base import PER_TENSOR, Constraint, RawOpLike, Reject, Rule, operator
from tinyengine_tf.ops.lookup import ONE_SCALE, lookup, require_pair, require_quantized
from tinyengine_tf.ops.rescale import rescale
from tinyengine_tf.ops.unary import SCALE_RULE, requantized

REQUANTIZE_TYPES = ((DType.INT8, DType.INT8), (DType.INT8, DType.UINT8), (DType.UINT8, DType.INT8))


RESCALE_TYPES = (
    (DType.INT8, DType.INT16),
    (DType.INT8, DType.INT32),
    (DType.INT16, DType.INT8),
    (DType.INT16, DType.INT16),
    (DType.INT16, DType.INT32),
    (DType.INT32, DType.INT8),
    (DType.INT32, DType.INT16),
)

CONVERSIONS = Rule(
    "it converts float32 to int8 or int16, int8 to int8, uint8, int16 or int32, int16 to int8, int16 or int32, "
    "int32 to int8 or int16, or uint8 to int8"
)


def same_elements(op: Op) -> bool:
    return op.input.elements == op.output.elements


SAME_ELEMENTS = Constraint("input and output have the same number of elements", same_elements)


@operator("QUANTIZE")
@dataclass(frozen=True, kw_only=True, eq=False)
class Quantize(Op):
    """float32 to int8 or int16: zero_point + round(x / scale), halves away from zero, saturated; NaN: the zero point.

    Between 8-bit types QUANTIZE becomes a Lookup, between other integers a Rescale.
    """

    RULES: ClassVar = (
        CONVERSIONS,
        ONE_SCALE,
        SAME_ELEMENTS,
        SCALE_RULE,
    )

    CONSTRAINTS: ClassVar = (PER_TENSOR, SAME_ELEMENTS)

    def compute(self, values: Values) -> Values:
        """One float32 division, rounded and saturated."""
        info, zero = np.iinfo(self.output.dtype.numpy), self.output.zero_point
        with np.errstate(all="ignore"):
            steps = values[0] / np.float32(self.output.scale)
        steps = np.clip(np.nan_to_num(steps, nan=0.0), info.min - zero, info.max - zero).astype(np.float64)
        return ((np.trunc(steps + np.copysign(0.5, steps)) + zero).astype(np.int64),)

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, y = inputs[0], outputs[0]
        assert x is not None
        if (x.dtype, y.dtype) in REQUANTIZE_TYPES:
            return (lookup("QUANTIZE", x, y, lambda: requantized(raw.options, x, y).tolist()),)
        if (x.dtype, y.dtype) in RESCALE_TYPES:
            require_pair(x, y)
            return (rescale("QUANTIZE", raw.options, x, y),)
        if x.dtype is not DType.FLOAT32 or y.dtype not in (DType.INT8, DType.INT16):
            raise Reject(
                CONVERSIONS,
                f"{x.dtype.tflite_name} -> {y.dtype.tflite_name}",
            )
        require_quantized(y)
        return (cls(inputs=(x,), outputs=(y,)),)

    def check(self) -> None:
        if self.input.dtype is not DType.FLOAT32 or self.output.dtype not in (DType.INT8, DType.INT16):
            raise InvalidIR(f"{self.input!r} quantised to {self.output!r}", where=self.name)


@operator("DEQUANTIZE")
@dataclass(frozen=True, kw_only=True, eq=False)
class Dequantize(Op):
    """int8, uint8 or int16 to float32: scale * (q - zero_point), rounded once."""

    CONSTRAINTS: ClassVar = (
        Constraint(
            "it converts int8, uint8 or int16 to float32",
            lambda op: op.input.dtype in (DType.INT8, DType.UINT8, DType.INT16) and op.output.dtype is DType.FLOAT32,
            lambda op: f"{op.input.dtype.tflite_name} -> {op.output.dtype.tflite_name}",
        ),
        Constraint("the input has a scale and a zero point", lambda op: op.input.quant is not None),
        PER_TENSOR,
        SAME_ELEMENTS,
    )

    def compute(self, values: Values) -> Values:
        steps = values[0].astype(np.int64) - self.input.zero_point
        with np.errstate(all="ignore"):
            return (np.float32(self.input.scale) * steps.astype(np.float32),)

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        return (cls(inputs=inputs[:1], outputs=outputs),)

    def check(self) -> None:
        if self.output.dtype is not DType.FLOAT32 or not same_elements(self):
            raise InvalidIR(f"{self.input!r} dequantised to {self.output!r}", where=self.name)
