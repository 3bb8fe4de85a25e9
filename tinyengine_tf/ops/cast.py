"""CAST: conversion of the stored numbers, whatever their scales."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import DType, Op, Tensor, Values
from tinyengine_tf.ops.base import Constraint, RawOpLike, operator
from tinyengine_tf.ops.quantize import SAME_ELEMENTS, same_elements
from tinyengine_tf.ops.reshape import Reshape

FROM = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32, DType.BOOL)
TO = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)


@operator("CAST")
@dataclass(frozen=True, kw_only=True, eq=False)
class Cast(Op):
    """Stored values to another type: integers wrap; floats are cut towards zero and saturated, NaN gives 0."""

    CONSTRAINTS: ClassVar = (
        Constraint(
            "it converts int8, int16, int32, float32 or bool to int8, int16, int32 or float32",
            lambda op: op.input.dtype in FROM and op.output.dtype in TO,
            lambda op: f"{op.input.dtype.tflite_name} -> {op.output.dtype.tflite_name}",
        ),
        SAME_ELEMENTS,
    )

    def work(self) -> dict[str, float]:
        """`out.` with both types."""
        found = super().work()
        return found | {f"out.{self.input.dtype.tflite_name}.{self.output.dtype.tflite_name}": found["out"]}

    def compute(self, values: Values) -> Values:
        (x,), y = values, self.output.dtype
        if self.input.dtype is not DType.FLOAT32 or y is DType.FLOAT32:
            return (x.astype(y.numpy),)
        info = np.iinfo(y.numpy)
        return (np.clip(np.trunc(np.nan_to_num(x.astype(np.float64))), info.min, info.max).astype(np.int64),)

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, y = inputs[0], outputs[0]
        assert x is not None
        if x.dtype is y.dtype and x.dtype in TO and x.elements == y.elements:
            return (Reshape(inputs=(x,), outputs=(y,)),)
        return (cls(inputs=(x,), outputs=(y,)),)

    def check(self) -> None:
        if not same_elements(self):
            raise InvalidIR(f"{self.input!r} cast to {self.output!r}", where=self.name)
