"""CAST in portable C."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.base import Layout, RowWindow
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.ops.cast import Cast


@class_kernel
class CastPortable(ClassKernel):
    """Flat. Memory is shared only where one type is a byte: a C compiler may assume that other types do not overlap."""

    name = "te_cast"
    ops = (Cast,)
    why = "portable C"
    template = "elementwise/cast.c.j2"

    def layout(self, op: Cast) -> Layout:
        may_overlap = 1 in (op.input.dtype.nbytes, op.output.dtype.nbytes)
        return Layout((RowWindow() if may_overlap else None,), flat=op.output.elements, hold=0)

    def params(self, op: Cast, units: int) -> dict[str, Any]:
        x, y = op.input.dtype, op.output.dtype
        bits = 8 * y.nbytes
        return {
            "count": units,
            "in_type": x.c,
            "out_type": y.c,
            "is_bool": x is DType.BOOL,
            "truncates": x is DType.FLOAT32 and y is not DType.FLOAT32,
            "end": 2.0 ** (bits - 1),
            "low": f"INT{bits}_MIN",
            "high": f"INT{bits}_MAX",
        }
