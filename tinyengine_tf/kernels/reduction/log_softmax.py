"""LOG_SOFTMAX: a table of exponentials per layer, one logarithm per row."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Code, Layout, Lowered, Table, kernel
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.log_softmax import LogSoftmax
from tinyengine_tf.target import Core


@kernel(LogSoftmax, types=(S8,))
def te_log_softmax_s8(op: LogSoftmax, core: Core) -> Lowered:
    """Exponentials by table, since differences of int8 values are at most 255.

    Whole tensors: a row is read three times, the last time element by element as the output is written.
    """
    values = op.differences.exponentials
    needs = ("requantize", "reciprocal", "logarithm")
    return Lowered(
        Code("reduction/log_softmax.c.j2", lambda units: _params(op), needs),
        Layout(distances=(0,)),
        (Table("exp", "int32_t", values.size, lambda: values),),
    )


def _params(op: LogSoftmax) -> dict[str, Any]:
    return {
        "rows": op.input.elements // op.depth,
        "depth": op.depth,
        "count": op.differences.exponentials.size,
        "multiplier": op.differences.multiplier,
        "radius": op.differences.radius,
        "reverse": op.reverse,
    }
