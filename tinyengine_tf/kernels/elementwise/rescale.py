"""Integers brought to another scale, element by element."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.base import Code, Layout, Lowered, RowWindow, kernel
from tinyengine_tf.kernels.literal import c_integer
from tinyengine_tf.kernels.types import Types
from tinyengine_tf.ops.rescale import Rescale
from tinyengine_tf.target import Core

INTEGERS = (DType.INT8, DType.INT16, DType.INT32)


@kernel(Rescale, types=(Types(data=INTEGERS, out=INTEGERS),))
def te_rescale(op: Rescale, core: Core) -> Lowered:
    """One requantisation with a literal multiplier.

    Memory is shared between equal types or where one is a byte: a C compiler may assume that others do not overlap.
    """
    x, y = op.input.dtype, op.output.dtype
    may_overlap = x is y or 1 in (x.nbytes, y.nbytes)
    layout = Layout((RowWindow() if may_overlap else None,), flat=op.output.elements, hold=0)
    return Lowered(Code("elementwise/rescale.c.j2", lambda units: _params(op, units), ("requantize",)), layout)


def _params(op: Rescale, units: int) -> dict[str, Any]:
    return {
        "count": units,
        "in_type": op.input.dtype.c,
        "out_type": op.output.dtype.c,
        "below": op.below,
        "above": op.above,
        "zeros": (op.input.zero_point, op.output.zero_point),
        "wide": DType.INT32 in (op.input.dtype, op.output.dtype),
        "clamp": [c_integer(end) for end in op.clamp],
    }
