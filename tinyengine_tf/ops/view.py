"""Operators that move nothing: the output is (a part of) the input's memory."""

from __future__ import annotations

from tinyengine_tf.ir import Op
from tinyengine_tf.ops.reshape import Reshape
from tinyengine_tf.ops.strided_copy import StridedCopy


def is_view(op: Op) -> bool:
    """Whether the output is a part of the input's memory."""
    return isinstance(op, Reshape) or (isinstance(op, StridedCopy) and op.is_view)
