"""SOFTMAX: a table of exponentials per layer, one reciprocal per row."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.base import Layout, Table
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.ops.softmax import Softmax


@class_kernel
class SoftmaxPortable(ClassKernel):
    """Whole tensors: a row is read three times, the last time element by element as the output is written."""

    name = "te_softmax_s8"
    ops = (Softmax,)
    why = "exp() by table, since differences of int8 values are at most 255"
    template = "reduction/softmax.c.j2"
    needs = ("requantize", "reciprocal")

    def layout(self, op: Softmax) -> Layout:
        return Layout(distances=(0 if op.output.dtype is DType.INT8 else None,))

    def tables(self, op: Softmax) -> tuple[Table, ...]:
        values = op.differences.exponentials
        return (Table("exp", "int32_t", values.size, lambda: values),)

    def params(self, op: Softmax, units: int) -> dict[str, Any]:
        bits = 8 * op.output.dtype.nbytes
        return {
            "rows": op.input.elements // op.depth,
            "depth": op.depth,
            "count": op.differences.exponentials.size,
            "out_type": op.output.dtype.c,
            "bits": bits,
            "may_vanish": bits == 8 and op.depth >= 512,
            "low": -(2 ** (bits - 1)),
            "high": 2 ** (bits - 1) - 1,
        }
