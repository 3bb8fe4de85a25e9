"""QUANTIZE from float32 to int8 with the conversion to fixed point that cores with DSP and an FPU have."""

from __future__ import annotations

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.elementwise.unary import unary
from tinyengine_tf.kernels.types import Types
from tinyengine_tf.ops.quantize import Quantize
from tinyengine_tf.target import Core

FRACTION_BITS = 16
ROUNDED = 4
"""Elements of a round of the loop."""

TO_INT8 = Types(data=(DType.FLOAT32,), out=(DType.INT8,))


@kernel(Quantize, types=(TO_INT8,), isa="dsp", before=("te_quantize_f32",))
def te_quantize_f32_dsp(op: Quantize, core: Core) -> Lowered | Because:
    """Core has DSP and an FPU: division, conversion to fixed point, saturating rounding.

    x / scale, truncated to 16 fraction bits, tells exactly on which side of a half it lies; conversion and additions
    saturate, and NaN becomes 0, as in the portable kernel.
    """
    if not core.fpu:
        return Because("the compiler flags of the target promise no FPU")
    zero = op.output.zero_point
    further = {
        "scale": op.output.scale,
        "bits": FRACTION_BITS,
        "round": ROUNDED,
        "rounding": (zero << FRACTION_BITS) + (1 << FRACTION_BITS - 1),
        "zero": zero,
    }
    return unary(op, "elementwise/quantize_dsp.c.j2", further)
