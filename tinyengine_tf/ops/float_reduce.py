"""MEAN, SUM, REDUCE_MAX and REDUCE_MIN in float32: inputs in order, each added to its output or compared with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.ir import DType, Op, Values
from tinyengine_tf.ops.base import Constraint, data_types, operator
from tinyengine_tf.ops.float_clamp import FLOAT_MAX
from tinyengine_tf.ops.reduce import Reduce


def floats_only(op: Op) -> bool:
    return {op.input.dtype, op.output.dtype} == {DType.FLOAT32}


@dataclass(frozen=True, kw_only=True, eq=False)
class FloatReduce(Reduce):
    """What all share."""

    CONSTRAINTS: ClassVar = (Constraint("input and output are float32", floats_only, data_types),)

    @property
    def copies_input(self) -> bool:
        """TFLM adds to 0 and compares with the largest number there is, which changes -0 and infinities."""
        return False

    def in_order(self, x: np.ndarray) -> Iterator[np.ndarray]:
        """What comes first of each output's inputs, what comes second, ..."""
        axes = sorted(self.axes)
        front = np.moveaxis(x, axes, range(len(axes)))
        yield from front.reshape(-1, *front.shape[len(axes) :])


@operator("SUM", needs=2, floats=True)
@dataclass(frozen=True, kw_only=True, eq=False)
class FloatSum(FloatReduce):
    """Sum over any dimensions in float32."""

    def compute(self, values: Values) -> Values:
        return (self.sums(values[0]),)

    def sums(self, x: np.ndarray) -> np.ndarray:
        total: np.ndarray = np.zeros((), np.float32)
        with np.errstate(all="ignore"):
            for part in self.in_order(x):
                total = total + part
        return total


@operator("MEAN", needs=2, floats=True)
@dataclass(frozen=True, kw_only=True, eq=False)
class FloatMean(FloatSum):
    """Mean over any dimensions in float32: the sum divided by the count."""

    def compute(self, values: Values) -> Values:
        return (self.sums(values[0]) / np.float32(self.count),)


@operator("REDUCE_MAX", needs=2, floats=True)
@dataclass(frozen=True, kw_only=True, eq=False)
class FloatReduceMax(FloatReduce):
    """Largest float32 value over any dimensions."""

    def compute(self, values: Values) -> Values:
        best = np.array(-FLOAT_MAX, np.float32)
        for part in self.in_order(values[0]):
            best = np.where(part > best, part, best)
        return (best,)


@operator("REDUCE_MIN", needs=2, floats=True)
@dataclass(frozen=True, kw_only=True, eq=False)
class FloatReduceMin(FloatReduce):
    """Smallest float32 value over any dimensions."""

    def compute(self, values: Values) -> Values:
        best = np.array(FLOAT_MAX, np.float32)
        for part in self.in_order(values[0]):
            best = np.where(part < best, part, best)
        return (best,)
