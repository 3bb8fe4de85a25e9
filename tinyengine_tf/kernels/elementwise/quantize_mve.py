"""QUANTIZE from float32 to int8 with Helium, which has no division: a product, its remainder, a correction.

    p = RN(x / scale with the rounded reciprocal y)    e = x - p scale (fused)    q = RN(p + e y)

q is the rounded quotient that TFLM rounds once more, halves away from zero (VCVTA), unless x / scale lies within
2**-46 of a number halfway between two floats: e is off by at most a few units of the 48th bit. That can change an
output only where x / scale is next to the float before a half: `is_exact` computes q for the inputs beside those.
Inputs are limited to 512 steps first, so that nothing overflows; NaN passes all this and becomes 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from tinyengine_tf.kernels.assembly import FUNCTION, in_assembly
from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.elementwise.quantize_dsp import TO_INT8
from tinyengine_tf.kernels.elementwise.unary import unary
from tinyengine_tf.machine import flow
from tinyengine_tf.machine.helium import (
    vadd,
    vcvta,
    vdup,
    vfma,
    vfms,
    vldrw,
    vmaxnm,
    vminnm,
    vmul,
    vqmovnb,
    vstrb,
)
from tinyengine_tf.machine.instruction import Item
from tinyengine_tf.machine.program import Argument, thumb2_function
from tinyengine_tf.machine.registers import q0, q1, q3, q4, q5, q6, r0, r1, r2, r3
from tinyengine_tf.machine.thumb2 import load_number
from tinyengine_tf.ops.quantize import Quantize
from tinyengine_tf.target import Core

STEPS = 512
"""Largest quotient; every output is saturated long before."""
SMALLEST_SCALE, LARGEST_SCALE = 2.0**-60, 2.0**60
"""Between them no intermediate value that matters is subnormal or infinite."""


NO_FLOATS = Because("the compiler flags of the target promise no floating point")


@kernel(Quantize, types=(TO_INT8,), isa="mve", before=("te_quantize_f32_dsp",))
def te_quantize_f32_mve(op: Quantize, core: Core) -> Lowered | Because:
    """Core has Helium: four divisions at once as products with a correction, proven exact for this scale."""
    if not core.fpu:
        return NO_FLOATS
    if not is_exact(op.output.scale):
        return Because("the corrected product is not the quotient for this scale")
    return unary(op, FUNCTION, lambda units: _params(op, units))


def _params(op: Quantize, units: int) -> Mapping[str, Any]:
    scale = np.float32(op.output.scale)
    limit = np.float32(STEPS) * scale
    constants = ((q3, reciprocal(scale)), (q4, scale), (q5, limit), (q6, -limit))
    code: list[Item] = []
    for q, value in constants:
        code += [*load_number(r2, int(value.view(np.uint32))), vdup(q, r2, 32)]
    code += [*load_number(r2, op.output.zero_point), *load_number(r3, units)]
    quotient = [
        vldrw(q0, r0.post(16), "u32"),
        *flow.compared("f32", "eq", q0, q0, vminnm(q0, q0, q5, "f32"), vmaxnm(q0, q0, q6, "f32")),
        vmul(q1, q0, q3, "f32"),
        vfms(q0, q1, q4, "f32"),
        vfma(q1, q0, q3, "f32"),
    ]
    rounded = [
        vcvta(q1, q1, "s32.f32"),
        vadd(q1, q1, r2, "i32"),
        vqmovnb(q1, q1, "s32"),
        vqmovnb(q1, q1, "s16"),
        vstrb(q1, r1.post(4), "32"),
    ]
    code += flow.elementwise_loop(32, r3, [*quotient, *rounded])
    return in_assembly(
        f"{units} floats to zero point {op.output.zero_point} + round(x / {op.output.scale:.9g}), "
        "halves away from zero; NaN to the zero point.",
        thumb2_function((Argument("const float *", "in"), Argument("int8_t *", "out")), code),
    )


def reciprocal(scale: np.float32) -> np.float32:
    """1 / scale, rounded once."""
    return np.float32(1) / scale


@lru_cache(maxsize=256)
def is_exact(scale: float) -> bool:
    """Whether the corrected product rounds as the quotient does, for the inputs on both sides of every step."""
    if not SMALLEST_SCALE < scale < LARGEST_SCALE:
        return False
    s = np.float32(scale)
    halves = (np.arange(STEPS) + 0.5).astype(np.float32)
    midpoints = [(Fraction(float(h)) + Fraction(float(np.nextafter(h, np.float32(0))))) / 2 for h in halves]
    for h, middle in zip(halves, midpoints, strict=True):
        x = np.float32(float(middle * Fraction(float(s))))
        for near in (np.nextafter(x, np.float32(0)), x, np.nextafter(x, np.float32(np.inf))):
            if (corrected(near, s) >= float(h)) != (float(near / s) >= float(h)):
                return False
    return True


def corrected(x: np.float32, scale: np.float32) -> float:
    """q as the instructions compute it."""
    y = reciprocal(scale)
    p = x * y
    rest = to_float32(Fraction(float(x)) - Fraction(float(p)) * Fraction(float(scale)))
    return to_float32(Fraction(float(p)) + Fraction(rest) * Fraction(float(y)))


def to_float32(value: Fraction) -> float:
    """The nearest float32, ties to even: rounded once."""
    if value == 0:
        return 0.0
    exponent = abs(value.numerator).bit_length() - value.denominator.bit_length() - 24
    while abs(value) >= Fraction(2) ** (exponent + 24):
        exponent += 1
    unit = Fraction(2) ** exponent
    return float(round(value / unit) * unit)
