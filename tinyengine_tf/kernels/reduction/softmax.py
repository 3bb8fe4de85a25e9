"""SOFTMAX: a table of exponentials per layer, one reciprocal per row."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.base import Code, Layout, Lowered, Table, kernel
from tinyengine_tf.kernels.types import Types
from tinyengine_tf.ops.softmax import Softmax
from tinyengine_tf.target import Core

ROWS_THAT_MAY_VANISH = 512
"""Values of a row whose sum of exponentials may be so large that all of them become zero in int8."""


@kernel(Softmax, types=(Types(data=(DType.INT8,), out=(DType.INT8, DType.INT16)),))
def te_softmax_s8(op: Softmax, core: Core) -> Lowered:
    """Exponentials by table, since differences of int8 values are at most 255.

    Whole tensors: a row is read three times, the last time element by element as the output is written.
    """
    values = op.differences.exponentials
    return Lowered(
        Code("reduction/softmax.c.j2", lambda units: _params(op), ("requantize", "reciprocal")),
        Layout(distances=(0 if op.output.dtype is DType.INT8 else None,)),
        (Table("exp", "int32_t", values.size, lambda: values),),
    )


def _params(op: Softmax) -> dict[str, Any]:
    bits = 8 * op.output.dtype.nbytes
    return {
        "rows": op.input.elements // op.depth,
        "depth": op.depth,
        "count": op.differences.exponentials.size,
        "out_type": op.output.dtype.c,
        "bits": bits,
        "may_vanish": bits == 8 and op.depth >= ROWS_THAT_MAY_VANISH,
        "low": -(2 ** (bits - 1)),
        "high": 2 ** (bits - 1) - 1,
    }
