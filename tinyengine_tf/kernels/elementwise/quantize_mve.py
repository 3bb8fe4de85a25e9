"""QUANTIZE from float32 to int8 with Helium, which has no division: a product, its remainder, a correction.

    p = RN(x / scale with the rounded reciprocal y)    e = x - p scale (fused)    q = RN(p + e y)

q is the rounded quotient that TFLM rounds once more, halves away from zero (VCVTA), unless x / scale lies within
2**-46 of a number halfway between two floats: e is off by at most a few units of the 48th bit. That can change an
output only where x / scale is next to the float before a half: `is_exact` computes q for the inputs beside those.
Inputs are limited to 512 steps first, so that nothing overflows; NaN passes all this and becomes 0.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.class_kernel import class_kernel
from tinyengine_tf.kernels.elementwise.lookup import Elementwise
from tinyengine_tf.kernels.thumb import load_number
from tinyengine_tf.ops.quantize import Quantize
from tinyengine_tf.target import Core

STEPS = 512
"""Largest quotient; every output is saturated long before."""
SMALLEST_SCALE, LARGEST_SCALE = 2.0**-60, 2.0**60
"""Between them no intermediate value that matters is subnormal or infinite."""


@class_kernel
class QuantizeMve(Elementwise):
    name = "te_quantize_f32_mve"
    ops = (Quantize,)
    why = "core has Helium: four divisions at once as products with a correction, proven exact for this scale"
    template = "c/assembly_mve.c.j2"
    isa = "mve"
    rank = 20

    def rejects(self, op: Quantize, core: Core) -> str | None:
        if not core.fpu:
            return "the compiler flags of the target promise no floating point"
        if op.output.dtype is not DType.INT8:
            return "not to int8"
        return None if is_exact(op.output.scale) else "the corrected product is not the quotient for this scale"

    def params(self, op: Quantize, units: int) -> dict[str, Any]:
        scale = np.float32(op.output.scale)
        limit = np.float32(STEPS) * scale
        constants = [("q3", reciprocal(scale)), ("q4", scale), ("q5", limit), ("q6", -limit)]
        lines = [
            line
            for q, value in constants
            for line in (*load_number("r2", int(value.view(np.uint32))), f"vdup.32 {q}, r2")
        ]
        return {
            "comment": f"{units} floats to zero point {op.output.zero_point} + round(x / {op.output.scale:.9g}), "
            "halves away from zero; NaN to the zero point.",
            "arguments": (("const float *", "in"), ("int8_t *", "out")),
            "lines": [
                *lines,
                *load_number("r2", op.output.zero_point),
                *load_number("r3", units),
                "dlstp.32 lr, r3",
                "1:",
                "vldrw.u32 q0, [r0], #16",
                "vptt.f32 eq, q0, q0",
                "vminnmt.f32 q0, q0, q5",
                "vmaxnmt.f32 q0, q0, q6",
                "vmul.f32 q1, q0, q3",
                "vfms.f32 q0, q1, q4",
                "vfma.f32 q1, q0, q3",
                "vcvta.s32.f32 q1, q1",
                "vadd.i32 q1, q1, r2",
                "vqmovnb.s32 q1, q1",
                "vqmovnb.s16 q1, q1",
                "vstrb.32 q1, [r1], #4",
                "letp lr, 1b",
            ],
        }


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
