"""DEQUANTIZE to float32 with Helium."""

from __future__ import annotations

import numpy as np

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.elementwise.dequantize import TO_FLOAT
from tinyengine_tf.kernels.elementwise.quantize_mve import LARGEST_SCALE, NO_FLOATS, SMALLEST_SCALE
from tinyengine_tf.kernels.elementwise.unary_mve import unary_mve
from tinyengine_tf.machine.helium import vadd, vcvt, vldrb, vldrh, vmul, vstrw
from tinyengine_tf.machine.registers import q0, r0, r1, r2, r3
from tinyengine_tf.machine.thumb2 import load_number
from tinyengine_tf.ops.quantize import Dequantize
from tinyengine_tf.target import Core

LOADS = {
    DType.INT8: vldrb(q0, r0.post(4), "s32"),
    DType.UINT8: vldrb(q0, r0.post(4), "u32"),
    DType.INT16: vldrh(q0, r0.post(8), "s32"),
}


@kernel(Dequantize, types=(TO_FLOAT,), isa="mve", before=("te_dequantize_f32",))
def te_dequantize_f32_mve(op: Dequantize, core: Core) -> Lowered | Because:
    """One float32 product, rounded once, four at once."""
    if not core.fpu:
        return NO_FLOATS
    if not SMALLEST_SCALE < op.input.scale < LARGEST_SCALE:
        return Because("products may be subnormal or infinite")
    scale = int(np.float32(op.input.scale).view(np.uint32))
    constants = [*load_number(r2, scale), *load_number(r3, -op.input.zero_point)]
    loop = [
        LOADS[op.input.dtype],
        vadd(q0, q0, r3, "i32"),
        vcvt(q0, q0, "f32.s32"),
        vmul(q0, q0, r2, "f32"),
        vstrw(q0, r1.post(16), "32"),
    ]
    return unary_mve(op, "one float32 product, rounded once, four at once", constants, loop, lanes=32)
