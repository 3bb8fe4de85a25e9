"""CAST in portable C."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.base import Code, Layout, Lowered, RowWindow, kernel
from tinyengine_tf.kernels.types import Types
from tinyengine_tf.ops.cast import FROM, TO, Cast
from tinyengine_tf.target import Core


@kernel(Cast, types=(Types(data=FROM, out=TO),))
def te_cast(op: Cast, core: Core) -> Lowered:
    """Portable C.

    Memory is shared only where one type is a byte: a C compiler may assume that other types do not overlap.
    """
    may_overlap = 1 in (op.input.dtype.nbytes, op.output.dtype.nbytes)
    layout = Layout((RowWindow() if may_overlap else None,), flat=op.output.elements, hold=0)
    return Lowered(Code("elementwise/cast.c.j2", lambda units: _params(op, units)), layout)


def _params(op: Cast, units: int) -> dict[str, Any]:
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
