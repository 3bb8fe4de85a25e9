"""Requantisation of four sums at once with Helium, bit for bit TFLM's.

TFLM multiplies a sum a by m * 2**-31 * 2**-r in two steps (see ops.fixedpoint), each with an instruction of its own:

    h = floor((a m + 2**30) / 2**31)                  doubling high multiply, halves up:   VQRDMULH
    y = floor((h + 2**(r-1) - [h < 0]) / 2**r)        rounding shift, halves away from 0:  VRSHL, which rounds halves up

Only the [h < 0] is missing from VRSHL. It matters to negative results alone: a layer whose clamp begins at the output's
zero point z (every ReLU) never shows them. Other layers add h >> 31 before they shift (for r = 0 TFLM adds nothing:
then the sign bit is taken of h & -r, which is 0).

Where all channels share r, from 1 to 16, two instructions do more: VQRDMLASH adds the scalar z << r to h, and VQRSHRN
shifts, rounds and narrows; floor((h + z 2**r + 2**(r-1)) / 2**r) = floor((h + 2**(r-1)) / 2**r) + z. The sign is then
taken of a, since h is lost: a < 0 but h = 0 only for a = -1, m = 2**30 or m = 0, and then y = z either way, r being at
least 1. Saturation on the way is harmless: only results far outside int8 saturate, and they stay on their side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinyengine_tf.kernels.dense.weighted import folded_bias
from tinyengine_tf.machine.helium import (
    LARGEST_NARROWING_SHIFT,
    vadd,
    vand,
    vdup,
    vldrb,
    vldrw,
    vmax,
    vmin,
    vqadd,
    vqmovnb,
    vqmovnt,
    vqrdmlash,
    vqrdmulh,
    vqrshrnb,
    vqrshrnt,
    vrshl,
    vshr_number,
)
from tinyengine_tf.machine.instruction import Instruction
from tinyengine_tf.machine.registers import Address, CoreRegister, Vector
from tinyengine_tf.machine.thumb2 import mov, mvn
from tinyengine_tf.ops.conv2d import WeightedOp
from tinyengine_tf.ops.fixedpoint import Multiplier

SHIFTS = ("left", "right")
"""Constants that take a byte per channel; the others take a word."""


@dataclass(frozen=True)
class VectorRequantization:
    """How a layer requantises; lanes are output channels.

    zero, low, high   output zero point and clamp
    signed            negative results are seen, halves must go away from zero
    shift             r if all channels share one that VQRSHRN takes, else None: r differs from lane to lane
    left              some channels shift to the left first
    masked            signed, and some channels have r = 0
    """

    zero: int
    low: int
    high: int
    signed: bool
    shift: int | None
    left: bool
    masked: bool

    @property
    def scalar(self) -> int:
        """What lies in the scalar register: the zero point, in the units in which it is added."""
        return self.zero << (self.shift or 0)

    @property
    def vectors(self) -> tuple[str, ...]:
        """The constants of each vector of channels, in the order in which they are read."""
        return ("bias", *(("left",) if self.left else ()), "mantissa", *(("right",) if self.shift is None else ()))

    @property
    def words(self) -> int:
        """Words of the constants of four channels: shifts are bytes."""
        return sum(1 if name in SHIFTS else 4 for name in self.vectors)

    def offset(self, name: str, vectors: int) -> int:
        """Where a constant's first vector begins, in bytes, if `vectors` vectors of each constant lie side by side."""
        before = self.vectors[: self.vectors.index(name)]
        return 4 * vectors * sum(1 if other in SHIFTS else 4 for other in before)

    def load(self, name: str, to: Vector, where: Address) -> Instruction:
        """The instruction that loads four lanes of a constant."""
        return vldrb(to, where, "s32") if name in SHIFTS else vldrw(to, where, "u32")

    def constants(self, op: WeightedOp, lanes: list[int]) -> np.ndarray:
        """int64 words of the constants of the output channels in `lanes`, as many vectors of each constant side by side
        as there are fours of lanes; -1 stands for a lane that is not there."""
        bias = folded_bias(op)
        multipliers = [op.multipliers[c] if c >= 0 else Multiplier(0, 0) for c in lanes]
        columns = {
            "bias": [int(bias[c]) if c >= 0 else 0 for c in lanes],
            "mantissa": [m.mantissa for m in multipliers],
            "left": words_of(np.array([max(m.shift, 0) for m in multipliers], np.int8)),
            "right": words_of(np.array([min(m.shift, 0) for m in multipliers], np.int8)),
        }
        return np.concatenate([np.asarray(columns[name], np.int64) for name in self.vectors])

    def multiply(
        self,
        values: Sequence[Vector],
        mantissas: Sequence[Vector],
        spare: Vector,
        scalar: CoreRegister,
        rights: Sequence[Vector] | None,
    ) -> list[Instruction]:
        """Instructions from sums with bias (already shifted to the left) to shifted 32-bit results with the zero point
        in each of `values`, or, where all channels share r, to results still to be shifted by it."""
        code: list[Instruction] = []
        for i, (v, m) in enumerate(zip(values, mantissas, strict=True)):
            if self.shift is not None:
                code += [vshr_number(spare, v, 31, "s32")] if self.signed else []
                code.append(vqrdmlash(v, m, scalar, "s32"))
                code += [vadd(v, v, spare, "i32")] if self.signed else []
                continue
            assert rights is not None
            code.append(vqrdmulh(v, v, m, "s32"))
            if self.signed:
                code += [vand(spare, v, rights[i])] if self.masked else []
                code += [vshr_number(spare, spare if self.masked else v, 31, "s32"), vadd(v, v, spare, "i32")]
            code.append(vrshl(v, rights[i], "s32"))
            code += [vqadd(v, v, scalar, "s32")] if self.zero else []
        return code

    def narrow_bottom(self, to: Vector, value: Vector) -> Instruction:
        """32-bit results of `multiply` into the bottom halves of `to`."""
        return vqmovnb(to, value, "s32") if self.shift is None else vqrshrnb(to, value, self.shift, "s32")

    def narrow_top(self, to: Vector, value: Vector) -> Instruction:
        """The same into the top halves."""
        return vqmovnt(to, value, "s32") if self.shift is None else vqrshrnt(to, value, self.shift, "s32")

    def clamp(self, values: Sequence[Vector], spare: Vector, register: CoreRegister) -> list[Instruction]:
        """Instructions that limit int8 lanes to the clamp where it is narrower than int8."""
        code: list[Instruction] = []
        for bound, limit, widest in ((self.low, vmax, -128), (self.high, vmin, 127)):
            if bound != widest:
                code += [mov_small(register, bound), vdup(spare, register, 8)]
                code += [limit(v, v, spare, "s8") for v in values]
        return code


def mov_small(to: CoreRegister, value: int) -> Instruction:
    """A number of -256 to 255 into a register."""
    return mvn(to, ~value) if value < 0 else mov(to, value)


def vector_requantization(op: WeightedOp) -> VectorRequantization:
    """The cheapest form for a layer; multipliers are known even where weights are not."""
    shifts = {m.shift for m in op.multipliers}
    zero, (low, high) = op.output.zero_point, op.clamp
    shared = -next(iter(shifts)) if len(shifts) == 1 else 0
    signed = low < zero
    return VectorRequantization(
        zero,
        low,
        high,
        signed=signed,
        shift=shared if 1 <= shared <= LARGEST_NARROWING_SHIFT else None,
        left=max(shifts) > 0,
        masked=signed and max(shifts) >= 0,
    )


def words_of(values: np.ndarray) -> np.ndarray:
    """The bytes of an array as little-endian words, int64 from 0 to 2**32 - 1."""
    return np.frombuffer(np.ascontiguousarray(values).tobytes(), "<u4").astype(np.int64)
