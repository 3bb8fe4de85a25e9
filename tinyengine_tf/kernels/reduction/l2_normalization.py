"""L2_NORMALIZATION: a sum of squares, one inverse root and one multiplication per value."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Code, Layout, Lowered, kernel
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.l2_normalization import L2Normalization
from tinyengine_tf.target import Core


@kernel(L2Normalization, types=(S8,))
def te_l2_normalization_s8(op: L2Normalization, core: Core) -> Lowered:
    """One inverse root per vector.

    Whole tensors: a vector is read twice, the last time element by element as the output is written.
    """
    needs = ("requantize", "reciprocal", "inverse_sqrt")
    return Lowered(Code("reduction/l2_normalization.c.j2", lambda units: _params(op), needs), Layout(distances=(0,)))


def _params(op: L2Normalization) -> dict[str, Any]:
    return {"rows": op.input.elements // op.depth, "depth": op.depth, "zero": op.input.zero_point}
