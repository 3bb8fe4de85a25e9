"""LOG_SOFTMAX: a table of exponentials per layer, one logarithm per row."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Layout, Table
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.ops.log_softmax import LogSoftmax


@class_kernel
class LogSoftmaxPortable(ClassKernel):
    """Whole tensors: a row is read three times, the last time element by element as the output is written."""

    name = "te_log_softmax_s8"
    ops = (LogSoftmax,)
    why = "exp() by table, since differences of int8 values are at most 255"
    template = "reduction/log_softmax.c.j2"
    needs = ("requantize", "reciprocal", "logarithm")

    def layout(self, op: LogSoftmax) -> Layout:
        return Layout(distances=(0,))

    def tables(self, op: LogSoftmax) -> tuple[Table, ...]:
        values = op.differences.exponentials
        return (Table("exp", "int32_t", values.size, lambda: values),)

    def params(self, op: LogSoftmax, units: int) -> dict[str, Any]:
        return {
            "rows": op.input.elements // op.depth,
            "depth": op.depth,
            "count": op.differences.exponentials.size,
            "multiplier": op.differences.multiplier,
            "radius": op.differences.radius,
            "reverse": op.reverse,
        }
