"""Operators of two operands, broadcasting: ADD, SUB, MUL, MAXIMUM, MINIMUM, PRELU, SQUARED_DIFFERENCE; float DIV."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import DType, Op, Tensor, Values
from tinyengine_tf.ops.base import (
    BROADCASTS,
    Constraint,
    RawOpLike,
    Reject,
    Rule,
    int16_is_symmetric,
    operator,
    whole_range,
)
from tinyengine_tf.ops.broadcast import broadcasts_to
from tinyengine_tf.ops.conv2d import ACTIVATION, CLAMP_RULES, ONE_SCALE, fused_clamp
from tinyengine_tf.ops.fixedpoint import INT32_MAX, INT32_MIN, Multiplier, quantize_multiplier, requantize, wrap32
from tinyengine_tf.ops.float_clamp import FLOAT_CLAMPS, limited
from tinyengine_tf.ops.narrowing import narrowing
from tinyengine_tf.ops.two_operands import TwoOperands

ARITHMETIC = ("ADD", "SUB", "MUL")
ORDER = ("MAXIMUM", "MINIMUM")
NO_INTEGERS = ("PRELU", "SQUARED_DIFFERENCE")
FLOAT_ONLY = ("DIV",)
ACTIVATED = (*ARITHMETIC, *FLOAT_ONLY)
HEADROOM_BITS = 20  # of ADD and SUB in int8
QUANTIZED_TYPES = (DType.INT8, DType.INT16)


@dataclass(frozen=True)
class Headroom:
    """How far TFLM's 32 bits reach for operands of one type.

    sums, squares      bits by which operands are shifted left before they are brought to one scale
    value, product     the largest shifts of a multiplier after which an operand, a product of two, still fits
    """

    sums: int
    squares: int
    value: int
    product: int


HEADROOM: Mapping[DType, Headroom] = {
    DType.INT8: Headroom(sums=HEADROOM_BITS, squares=7, value=23, product=15),
    DType.INT16: Headroom(sums=15, squares=0, value=15, product=0),
}

_INT32_CLAMPS: Mapping[str, tuple[int, int]] = {
    "NONE": (INT32_MIN, INT32_MAX),
    "RELU": (0, INT32_MAX),
    "RELU6": (0, 6),
    "RELU_N1_TO_1": (-1, 1),
}


TYPES = Rule(
    "both inputs and the output are all int8, all int16, all int32 or all float32 "
    "(PRELU: not int16 and not int32; SQUARED_DIFFERENCE: not int32; DIV: all float32)"
)
PLAIN_INTEGERS = Rule("int32 tensors are plain integers without scales")


def no_overflow(op: Binary) -> bool:
    """TFLM's fixed-point arithmetic is defined: no multiplier is too large for 32 bits."""
    if not op.needs_scales:
        return True
    room = HEADROOM[op.dtype]
    limits = {
        "ADD": (0, 0, 0),
        "SUB": (0, 0, 0),
        "MUL": (room.product,),
        "PRELU": (room.value, room.product),
        "SQUARED_DIFFERENCE": (0, 0, 0),
    }
    return all(m.shift <= most for m, most in zip(op.multipliers, limits[op.function], strict=True))


EITHER_CONSTANT = (
    "elementwise with broadcasting; int8 or int16, or int32 or float32 without scales; either may be constant."
)


@operator(
    *ARITHMETIC,
    *ORDER,
    *NO_INTEGERS,
    *FLOAT_ONLY,
    needs=2,
    summaries={
        "ADD": f"a + b, {EITHER_CONSTANT}",
        "SUB": f"a - b, {EITHER_CONSTANT}",
        "MUL": f"a * b, {EITHER_CONSTANT}",
        "MAXIMUM": f"The larger of a and b, {EITHER_CONSTANT}",
        "MINIMUM": f"The smaller of a and b, {EITHER_CONSTANT}",
        "PRELU": "x, below zero times alpha, which broadcasts; int8 or float32.",
        "SQUARED_DIFFERENCE": "(a - b)^2, elementwise with broadcasting; int8, int16, float32; either may be constant.",
        "DIV": "a / b, elementwise with broadcasting; float32; either may be constant.",
    },
)
@dataclass(frozen=True, kw_only=True, eq=False)
class Binary(TwoOperands):
    """Two operands, elementwise with broadcasting; either may be constant. int32 and float32 have no scales.

    clamp  fused activation as an inclusive range of the output's type; infinite for float32 extremes
    """

    RULES: ClassVar = (
        TYPES,
        BROADCASTS,
        PLAIN_INTEGERS,
        *CLAMP_RULES,
    )

    CONSTRAINTS: ClassVar = (
        Constraint(
            "the ratios of input to output scales leave 32-bit arithmetic without overflow "
            "(ADD, SUB: below 2^19; MUL, PRELU: below 2^15; SQUARED_DIFFERENCE: the squared input scale below 2^12 "
            "times the output's; int16: MUL and ADD's and SUB's ratios divided by 2^15 below 1)",
            no_overflow,
        ),
        Constraint(
            "int16 operands and results of arithmetic have zero point 0",
            lambda op: not op.needs_scales or int16_is_symmetric(op),
        ),
    )

    clamp: tuple[int, int] | tuple[float, float]

    @property
    def int8_clamp(self) -> tuple[int, int]:
        low, high = self.clamp
        return int(low), int(high)

    @property
    def dtype(self) -> DType:
        return self.output.dtype

    @property
    def needs_scales(self) -> bool:
        return self.dtype in QUANTIZED_TYPES and self.function not in ORDER

    @property
    def headroom_bits(self) -> int:
        """Bits by which both operands are shifted left before they are brought to one scale."""
        room = HEADROOM[self.dtype]
        return room.squares if self.function == "SQUARED_DIFFERENCE" else room.sums

    @cached_property
    def multipliers(self) -> tuple[Multiplier, ...]:
        """ADD, SUB and SQUARED_DIFFERENCE: of a, b and the result, at `headroom_bits` extra bits. MUL: of the product.
        PRELU: of a, and of a * alpha."""
        a, b, out = self.a.scale, self.b.scale, self.output.scale
        if self.function == "MUL":
            return (quantize_multiplier(a * b / out),)
        if self.function == "PRELU":
            return quantize_multiplier(a / out), quantize_multiplier(a * b / out)
        twice, unit = 2 * max(a, b), 1 << self.headroom_bits
        result = (twice / unit) ** 2 / out if self.function == "SQUARED_DIFFERENCE" else twice / (unit * out)
        return tuple(map(quantize_multiplier, (a / twice, b / twice, result)))

    def channelwise(self) -> tuple[Tensor, ...] | None:
        n = self.output.depth
        apart = all(t.depth == n or t.const and t.elements == 1 for t in (self.a, self.b))
        return self.data_inputs if apart and self.dtype in QUANTIZED_TYPES else None

    def work(self) -> dict[str, float]:
        """`scaled`, `distant`: (ADD, SUB) operands have different scales, by a factor of more than two.

        `out.` with function and type: of types that are not int8.
        """
        found = super().work()
        if self.dtype is not DType.INT8:
            return found | {f"out.{self.function}.{self.dtype.tflite_name}": found["out"]}
        if self.output.quant is None:
            return found
        found |= narrowing(self.output, self.int8_clamp)
        if self.function in ("ADD", "SUB"):  # TFLM multiplies the operand of the smaller scale; equal ones are shifted
            low, high = sorted((self.a.scale, self.b.scale))
            found |= {"scaled": found["out"] * (low != high), "distant": found["out"] * (high > 2 * low)}
        return found

    def compute(self, values: Values) -> Values:
        if self.dtype is DType.FLOAT32:
            return (self._real(*values),)
        a, b = (v.astype(np.int64) for v in values)
        if self.function in ORDER:
            result = np.maximum(a, b) if self.function == "MAXIMUM" else np.minimum(a, b)
        elif self.needs_scales:
            result = self._quantized(a - self.a.zero_point, b - self.b.zero_point) + self.output.zero_point
        else:
            result = wrap32({"ADD": a + b, "SUB": a - b, "MUL": a * b}[self.function])
        return (np.clip(result, *self.clamp),)

    def _real(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            if self.function in ORDER:
                return np.where(a > b if self.function == "MAXIMUM" else a < b, a, b)
            if self.function == "PRELU":
                return np.where(a >= 0, a, a * b)
            if self.function == "SQUARED_DIFFERENCE":
                return (a - b) * (a - b)
            raw = {"ADD": np.add, "SUB": np.subtract, "MUL": np.multiply, "DIV": np.divide}[self.function](a, b)
        return limited(raw, self.clamp)

    def _quantized(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        m = self.multipliers
        if self.function == "MUL":
            return requantize(a * b, m[0])
        if self.function == "PRELU":
            return np.where(a >= 0, requantize(a, m[0]), requantize(a * b, m[1]))
        first, second = requantize(a << self.headroom_bits, m[0]), requantize(b << self.headroom_bits, m[1])
        if self.function == "SQUARED_DIFFERENCE":
            return requantize((first - second) ** 2, m[2])
        return requantize(first + second if self.function == "ADD" else first - second, m[2])

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        a, b, y = inputs[0], inputs[1], outputs[0]
        assert a is not None and b is not None
        tensors, names = (a, b, y), ", ".join(t.dtype.tflite_name for t in (a, b, y) if t is not None)
        accepted = _accepted(raw.opcode)
        if len({t.dtype for t in tensors}) != 1 or y.dtype not in accepted:
            raise Reject(TYPES, names)
        if not broadcasts_to(y.shape, a.shape, b.shape):
            raise Reject(BROADCASTS, f"{a.shape} and {b.shape} -> {y.shape}")
        if y.dtype in QUANTIZED_TYPES and raw.opcode not in ORDER:
            if any(t.quant is None or t.quant.per_channel for t in tensors):
                raise Reject(ONE_SCALE, tensors)
        if y.dtype is DType.INT32 and raw.opcode in ("ADD", "SUB") and any(t.quant is not None for t in tensors):
            raise Reject(PLAIN_INTEGERS)
        return (cls(inputs=(a, b), outputs=(y,), function=raw.opcode, clamp=_clamp(raw, y)),)

    def check(self) -> None:
        if not broadcasts_to(self.output.shape, self.a.shape, self.b.shape):
            raise InvalidIR(f"{self.a!r}, {self.b!r} -> {self.output!r}", where=self.name)
        if self.clamp[0] > self.clamp[1]:
            raise InvalidIR(f"clamp {self.clamp}", where=self.name)


def _accepted(opcode: str) -> tuple[DType, ...]:
    if opcode in NO_INTEGERS:
        return (DType.INT8, DType.FLOAT32) if opcode == "PRELU" else (*QUANTIZED_TYPES, DType.FLOAT32)
    return (DType.FLOAT32,) if opcode in FLOAT_ONLY else (*QUANTIZED_TYPES, DType.INT32, DType.FLOAT32)


def _clamp(raw: RawOpLike, y: Tensor) -> tuple[int, int] | tuple[float, float]:
    if raw.opcode not in ACTIVATED:
        return (-math.inf, math.inf) if y.dtype is DType.FLOAT32 else whole_range(y)
    if y.dtype in QUANTIZED_TYPES:
        return fused_clamp(raw, y)
    activation = raw.options["fused_activation_function"]
    if activation not in _INT32_CLAMPS:
        raise Reject(ACTIVATION, activation)
    if y.dtype is DType.FLOAT32:
        return FLOAT_CLAMPS[activation]
    # TFLM's int32 ADD does not look at the activation.
    return _INT32_CLAMPS["NONE" if raw.opcode == "ADD" else activation]
