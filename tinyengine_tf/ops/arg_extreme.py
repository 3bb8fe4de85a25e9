"""ARG_MAX and ARG_MIN: the index of the first largest or smallest value along one dimension."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import DType, Op, Tensor, Values
from tinyengine_tf.ops.base import Constraint, RawOpLike, Reject, Rule, operator

CONSTANT_AXIS = Rule("the axis is one constant int32")
WITHOUT_AXIS = Rule("the output has the input's shape without the axis")
A_DIMENSION = Rule("the axis is a dimension of the input")


@operator(
    "ARG_MAX",
    "ARG_MIN",
    needs=2,
    summaries={
        "ARG_MAX": "Index of the first largest value along one dimension, as int32.",
        "ARG_MIN": "Index of the first smallest value along one dimension, as int32.",
    },
)
@dataclass(frozen=True, kw_only=True, eq=False)
class ArgExtreme(Op):
    """Index of the first largest (or smallest) value along `axis`, as int32."""

    RULES: ClassVar = (
        CONSTANT_AXIS,
        A_DIMENSION,
        WITHOUT_AXIS,
    )

    CONSTRAINTS: ClassVar = (
        Constraint(
            "the input is int8 or float32 and the output int32",
            lambda op: op.input.dtype in (DType.INT8, DType.FLOAT32) and op.output.dtype is DType.INT32,
            lambda op: f"{op.input.dtype.tflite_name} -> {op.output.dtype.tflite_name}",
        ),
    )

    axis: int
    largest: bool

    def work(self) -> dict[str, float]:
        """`compared`: values after the first; `real`: floats among them; `apart`: those that are no neighbours."""
        found, along = super().work(), self.input.shape[self.axis + 1 :]
        compared = found["read"] - found["out"]
        found |= {"compared": compared, "apart": compared * (math.prod(along) > 1)}
        return found | {"real": compared * (self.input.dtype is DType.FLOAT32)}

    def compute(self, values: Values) -> Values:
        along = np.moveaxis(values[0], self.axis, 0)
        better = np.greater if self.largest else np.less
        index, best = np.zeros(along.shape[1:], np.int64), along[0]
        for k, value in enumerate(along):  # one by one: nothing is better than NaN, and NaN is better than nothing
            index, best = np.where(better(value, best), k, index), np.where(better(value, best), value, best)
        return (index,)

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, axis, y = inputs[0], inputs[1], outputs[0]
        assert x is not None and axis is not None
        if not axis.const or axis.dtype is not DType.INT32 or axis.elements != 1:
            raise Reject(CONSTANT_AXIS, axis)
        rank, index = len(x.shape), int(axis.values.reshape(-1)[0])
        if not -rank <= index < rank:
            raise Reject(A_DIMENSION, f"{index} of {x.shape}")
        index %= rank
        if x.elements != y.elements * x.shape[index]:
            raise Reject(WITHOUT_AXIS, f"{x.shape} -> {y.shape}")
        return (cls(inputs=(x,), outputs=(y,), axis=index, largest=raw.opcode == "ARG_MAX"),)

    def check(self) -> None:
        if self.input.elements != self.output.elements * self.input.shape[self.axis]:
            raise InvalidIR(f"axis {self.axis} of {self.input!r} -> {self.output!r}", where=self.name)
