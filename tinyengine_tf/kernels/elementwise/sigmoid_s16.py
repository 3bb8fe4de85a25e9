"""LOGISTIC and TANH of int16, element by element: a table of 256 values, interpolated."""

from __future__ import annotations

from dataclasses import replace

from tinyengine_tf.kernels.base import Lowered, Table, kernel
from tinyengine_tf.kernels.elementwise.unary import unary
from tinyengine_tf.kernels.types import S16
from tinyengine_tf.ops.lstm import sigmoid_table
from tinyengine_tf.ops.sigmoid16 import Sigmoid16
from tinyengine_tf.target import Core


@kernel(Sigmoid16, types=(S16,))
def te_sigmoid_s16(op: Sigmoid16, core: Core) -> Lowered:
    """A table, interpolated."""
    further = {"factor": op.factor, "shift": op.shift, "function": op.function}
    lowered = unary(op, "elementwise/sigmoid_s16.c.j2", further, (Table("sigmoid", "uint16_t", 256, sigmoid_table),))
    return replace(lowered, code=replace(lowered.code, needs=("sigmoid_16",)))
