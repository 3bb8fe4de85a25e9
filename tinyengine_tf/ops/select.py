"""SELECT_V2: one of two values, elementwise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import DType, Op, Tensor, Values
from tinyengine_tf.ops.base import BROADCASTS, RawOpLike, Reject, Rule, operator
from tinyengine_tf.ops.broadcast import Loop, broadcast_loops, broadcast_work, broadcasts_to

TYPES = (DType.INT8, DType.INT16, DType.FLOAT32)


TYPES_OF_VALUES = Rule("the condition is bool; both values and the output are int8, int16 or float32")


@operator("SELECT_V2", needs=3)
@dataclass(frozen=True, kw_only=True, eq=False)
class Select(Op):
    """The second input where the first, a bool, is true, else the third; with broadcasting, any of them constant.

    Values are copied as they are stored, whatever their scales, as in TFLM.
    """

    RULES: ClassVar = (
        TYPES_OF_VALUES,
        BROADCASTS,
    )

    CONSTRAINTS: ClassVar = ()

    @cached_property
    def operands(self) -> tuple[Tensor, Tensor, Tensor]:
        condition, x, y = self.inputs
        assert condition is not None and x is not None and y is not None
        return condition, x, y

    @cached_property
    def loops(self) -> tuple[Loop, ...]:
        return broadcast_loops(*(t.shape for t in self.operands))

    def work(self) -> dict[str, float]:
        return super().work() | broadcast_work(self.loops)

    def compute(self, values: Values) -> Values:
        return (np.where(*values),)

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        op = cls(inputs=inputs[:3], outputs=outputs)
        condition, x, y = op.operands
        if condition.dtype is not DType.BOOL or {x.dtype, y.dtype} != {op.output.dtype} or x.dtype not in TYPES:
            found = ", ".join(t.dtype.tflite_name for t in (*op.operands, op.output))
            raise Reject(TYPES_OF_VALUES, found)
        if not broadcasts_to(op.output.shape, *(t.shape for t in op.operands)):
            raise Reject(BROADCASTS, [t.shape for t in (*op.operands, op.output)])
        return (op,)

    def check(self) -> None:
        if not broadcasts_to(self.output.shape, *(t.shape for t in self.operands)):
            raise InvalidIR(f"{self.operands!r} -> {self.output!r}", where=self.name)
