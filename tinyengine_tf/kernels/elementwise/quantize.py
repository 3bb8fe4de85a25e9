"""QUANTIZE from float32 and DEQUANTIZE to float32, element by element, without libm."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyengine_tf.kernels.class_kernel import class_kernel
from tinyengine_tf.kernels.elementwise.lookup import Elementwise
from tinyengine_tf.ops.quantize import Dequantize, Quantize


@class_kernel
class QuantizePortable(Elementwise):
    name = "te_quantize_f32"
    ops = (Quantize,)
    why = "float32 arithmetic of TFLM, saturating"
    template = "elementwise/quantize.c.j2"

    def params(self, op: Quantize, units: int) -> dict[str, Any]:
        info = np.iinfo(op.output.dtype.numpy)
        return {
            **super().params(op, units),
            "scale": op.output.scale,
            "zero": op.output.zero_point,
            "low": int(info.min),
            "high": int(info.max),
        }


@class_kernel
class DequantizePortable(Elementwise):
    name = "te_dequantize_f32"
    ops = (Dequantize,)
    why = "one float32 product, rounded once as TFLM's double product is"
    template = "elementwise/dequantize.c.j2"

    def params(self, op: Dequantize, units: int) -> dict[str, Any]:
        return {**super().params(op, units), "scale": op.input.scale, "zero": op.input.zero_point}
