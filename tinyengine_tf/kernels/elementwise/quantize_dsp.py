"""QUANTIZE from float32 to int8 with the conversion to fixed point that cores with DSP and an FPU have."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.class_kernel import class_kernel
from tinyengine_tf.kernels.elementwise.lookup import Elementwise
from tinyengine_tf.ops.quantize import Quantize
from tinyengine_tf.target import Core

FRACTION_BITS = 16
ROUNDED = 4
"""Elements of a round of the loop."""


@class_kernel
class QuantizeDsp(Elementwise):
    """x / scale, truncated to 16 fraction bits, tells exactly on which side of a half it lies; conversion and additions
    saturate, and NaN becomes 0, as in the portable kernel."""

    name = "te_quantize_f32_dsp"
    ops = (Quantize,)
    why = "core has DSP and an FPU: division, conversion to fixed point, saturating rounding"
    template = "elementwise/quantize_dsp.c.j2"
    isa = "dsp"
    rank = 10

    def rejects(self, op: Quantize, core: Core) -> str | None:
        if not core.fpu:
            return "the compiler flags of the target promise no FPU"
        return None if op.output.dtype is DType.INT8 else "not to int8"

    def params(self, op: Quantize, units: int) -> dict[str, Any]:
        zero = op.output.zero_point
        return {
            **super().params(op, units),
            "scale": op.output.scale,
            "bits": FRACTION_BITS,
            "round": ROUNDED,
            "rounding": (zero << FRACTION_BITS) + (1 << FRACTION_BITS - 1),
            "zero": zero,
        }
