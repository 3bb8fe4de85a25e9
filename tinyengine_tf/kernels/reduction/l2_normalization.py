"""L2_NORMALIZATION: a sum of squares, one inverse root and one multiplication per value."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Layout
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.ops.l2_normalization import L2Normalization


@class_kernel
class L2NormalizationPortable(ClassKernel):
    """Whole tensors: a vector is read twice, the last time element by element as the output is written."""

    name = "te_l2_normalization_s8"
    ops = (L2Normalization,)
    why = "one inverse root per vector"
    template = "reduction/l2_normalization.c.j2"
    needs = ("requantize", "reciprocal", "inverse_sqrt")

    def layout(self, op: L2Normalization) -> Layout:
        return Layout(distances=(0,))

    def params(self, op: L2Normalization, units: int) -> dict[str, Any]:
        return {"rows": op.input.elements // op.depth, "depth": op.depth, "zero": op.input.zero_point}
