"""Operators whose result is known before inference: SHAPE, RANK, ZEROS_LIKE; and FILL, BROADCAST_TO, which repeat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.ir import Op, Tensor, Values
from tinyengine_tf.ops.base import Definition, RawOpLike, Reject, Rule, operator
from tinyengine_tf.ops.strided_copy import StridedCopy, packed_strides

RESULT_SHAPE = Rule("the output has the shape of the result")
REPEATS = Rule("the input's shape repeats to the output's")


@operator(
    "SHAPE",
    "RANK",
    "ZEROS_LIKE",
    summaries={
        "SHAPE": "The input's sizes, known beforehand: a constant.",
        "RANK": "How many dimensions the input has, known beforehand: a constant.",
        "ZEROS_LIKE": "Zeros of the input's shape: a constant.",
    },
    definitions={"RANK": Definition.TFLITE},
)
@dataclass(frozen=True, kw_only=True, eq=False)
class Known(Op):
    """A result that follows from the input's shape alone; never computed at run time."""

    RULES: ClassVar = (RESULT_SHAPE,)

    CONSTRAINTS: ClassVar = ()

    value: np.ndarray

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, y = inputs[0], outputs[0]
        assert x is not None
        if raw.opcode == "ZEROS_LIKE":
            value = np.zeros(y.shape, y.dtype.numpy)
        else:
            value = np.array(x.shape if raw.opcode == "SHAPE" else len(x.shape), y.dtype.numpy)
        if value.shape != y.shape:
            raise Reject(RESULT_SHAPE, f"{y.shape} where {value.shape} is expected")
        return (cls(inputs=(), outputs=outputs, value=value),)

    def compute(self, values: Values) -> Values:
        return (self.value,)


@operator(
    "BROADCAST_TO",
    "FILL",
    needs={"FILL": 2},
    summaries={
        "BROADCAST_TO": "Dimensions of size 1, or missing ones in front, repeated as the output's shape says.",
        "FILL": "One value, as often as the output has elements.",
    },
)
@dataclass(frozen=True, kw_only=True, eq=False)
class Repeat(StridedCopy):
    """Dimensions of size 1, or missing ones in front, repeated; the output's shape says how often."""

    RULES: ClassVar = (REPEATS,)

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, y = inputs[1 if raw.opcode == "FILL" else 0], outputs[0]
        assert x is not None
        missing = len(y.shape) - len(x.shape)
        shape = (1,) * missing + x.shape
        if missing < 0 or any(d not in (1, n) for d, n in zip(shape, y.shape, strict=True)):
            raise Reject(REPEATS, f"{x.shape} to {y.shape}")
        strides = tuple(0 if d == 1 else s for d, s in zip(shape, packed_strides(shape), strict=True))
        return (cls(inputs=(x,), outputs=outputs, sizes=y.shape, strides=strides),)
