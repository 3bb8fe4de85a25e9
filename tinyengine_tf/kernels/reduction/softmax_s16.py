"""SOFTMAX of int16: exponentials lie in the output until their sum is known."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Code, Layout, Lowered, Table, kernel
from tinyengine_tf.kernels.types import S16
from tinyengine_tf.ops.softmax16 import Softmax16, exponentials, reciprocals
from tinyengine_tf.target import Core


@kernel(Softmax16, types=(S16,))
def te_softmax_s16(op: Softmax16, core: Core) -> Lowered:
    """Two tables, interpolated.

    Whole tensors: a row is read for its largest value, then element by element as its exponentials are written.
    """
    return Lowered(
        Code("reduction/softmax_s16.c.j2", lambda units: _params(op), ("requantize", "interpolate_16")),
        Layout(distances=(0,)),
        (
            Table("exp", "int16_t", exponentials().size, exponentials),
            Table("reciprocal", "int16_t", reciprocals().size, reciprocals),
        ),
    )


def _params(op: Softmax16) -> dict[str, Any]:
    return {"rows": op.input.elements // op.depth, "depth": op.depth, "multiplier": op.multiplier}
