"""QUANTIZE from float32 to int8 with the conversion to fixed point that cores with DSP and an FPU have."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.elementwise.unary import unary
from tinyengine_tf.kernels.literal import c_float
from tinyengine_tf.kernels.types import Types
from tinyengine_tf.machine import flow, text
from tinyengine_tf.machine.program import fragment
from tinyengine_tf.machine.registers import chosen, chosen_single, r12, s
from tinyengine_tf.machine.thumb2 import asr, qadd, ssat, strb
from tinyengine_tf.machine.vfp import vcvt_fixed, vdiv, vload_next, vmov_core
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
    zero, scale = op.output.zero_point, op.output.scale
    return unary(op, "elementwise/quantize_dsp.c.j2", lambda units: _params(zero, scale, units))


def _params(zero: int, scale: float, count: int) -> dict[str, Any]:
    rounds, rest = divmod(count, ROUNDED)
    rounding = (zero << FRACTION_BITS) + (1 << FRACTION_BITS - 1)
    source, out, left, value, constant = chosen("in", "out", "rounds", "value", str(rounding))
    factor = chosen_single(c_float(scale))
    element = [
        vload_next(s[15], source),
        vdiv(s[15], s[15], factor),
        vcvt_fixed(s[15], FRACTION_BITS),
        vmov_core(value, s[15]),
        asr(r12, value, 31),
        qadd(value, value, r12),
        qadd(value, value, constant),
        ssat(value, 8, value.asr(FRACTION_BITS)),
        strb(value, out.post(1)),
    ]
    code = [*(flow.count_down(left, element * ROUNDED) if rounds else []), *element * rest]
    return {"rounds": rounds, "scale": scale, "zero": zero, "statement": text.statement(fragment(code))}
