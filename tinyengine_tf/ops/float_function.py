"""Functions of one float32 value, as exporters leave them between DEQUANTIZE and QUANTIZE: ELU, SQUARE, EXP, ..."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import DType, Op, Tensor, Values
from tinyengine_tf.ops.base import SAME_ELEMENTS, RawOpLike, Reject, Rule, operator

Floats = np.ndarray
FloatFunctionOf = Callable[[Floats, float], Floats]
"""(float32 values, the operator's alpha) -> float32 values."""

ONE, THREE, SIX = np.float32(1), np.float32(3), np.float32(6)
SATURATED = np.float32(16.619047164916992)  # from here on TFLM's float32 LOGISTIC is 1
EXPONENTIAL = np.float32(-9.0)  # and below this it is exp(x)


LAST_BITS = np.float32(4)
"""Units in the last place by which C libraries differ from the table: expm1f, tanhf err by up to 2 in common ones, and
TFLM computes LOGISTIC from expf in three roundings."""


FLOATS = Rule("input and output are float32, as in TFLM")


def through_double(function: Callable[[Floats], Floats]) -> FloatFunctionOf:
    """Computed in double, rounded once; a C library's float32 function may differ in the last bit."""
    return lambda x, alpha: function(x.astype(np.float64)).astype(np.float32)


def logistic(x: Floats, alpha: float) -> Floats:
    exponential = np.exp(-np.abs(x.astype(np.float64)))
    middle = np.where(x < 0, exponential, 1.0) / (1.0 + exponential)
    low = np.where(x < EXPONENTIAL, np.exp(np.minimum(x.astype(np.float64), 0.0)), middle)
    return np.where(x > SATURATED, 1.0, low).astype(np.float32)


def elu(x: Floats, alpha: float) -> Floats:
    return np.where(x < 0, np.expm1(np.minimum(x.astype(np.float64), 0.0)).astype(np.float32), x)


def round_to_even(x: Floats) -> Floats:
    """From below, as TFLM does it: what rounds up to zero is never -0."""
    below = np.floor(x)
    rest = x - below
    stays = (rest < 0.5) | ((rest == 0.5) & (np.fmod(below, 2) == 0))
    return np.where(stays, below, below + ONE)


ARITHMETIC: Mapping[str, FloatFunctionOf] = {
    "ABS": lambda x, alpha: np.abs(x),
    "NEG": lambda x, alpha: -x,
    "SQUARE": lambda x, alpha: x * x,
    "SQRT": lambda x, alpha: np.sqrt(x),
    "RSQRT": lambda x, alpha: ONE / np.sqrt(x),
    "CEIL": lambda x, alpha: np.ceil(x),
    "FLOOR": lambda x, alpha: np.floor(x),
    "ROUND": lambda x, alpha: round_to_even(x),
    "RELU": lambda x, alpha: np.where(x < 0, np.float32(0), x),
    "RELU6": lambda x, alpha: np.where(x > SIX, SIX, np.where(x < 0, np.float32(0), x)),
    "LEAKY_RELU": lambda x, alpha: np.where(x > 0, x, x * np.float32(alpha)),
    "HARD_SWISH": lambda x, alpha: x * np.clip(x + THREE, np.float32(0), SIX) / SIX,
}
"""Functions whose every step IEEE 754 defines to the bit."""

TRANSCENDENTAL: Mapping[str, FloatFunctionOf] = {
    "ELU": elu,
    "LOGISTIC": logistic,
    "TANH": through_double(np.tanh),
    "EXP": through_double(np.exp),
    "LOG": through_double(np.log),
    "SIN": through_double(np.sin),
    "COS": through_double(np.cos),
}
FUNCTIONS: Mapping[str, FloatFunctionOf] = {**ARITHMETIC, **TRANSCENDENTAL}

SURE: Mapping[str, Callable[[Floats], Floats]] = {
    **dict.fromkeys(TRANSCENDENTAL, lambda x: x == 0),
    "ELU": lambda x: x >= 0,
    "LOG": lambda x: x == 1,
    "LOGISTIC": lambda x: (x == 0) | (x > SATURATED),
}
"""Where the result is a float32 value that no library misses."""


TABULATED = "of one float32 value; tabulated where it depends on one int8 tensor."


@operator(
    "COS",
    "EXP",
    "CEIL",
    "FLOOR",
    "LOG",
    "NEG",
    "ROUND",
    "SIN",
    "SQRT",
    "SQUARE",
    summaries={
        "COS": f"The cosine {TABULATED}",
        "EXP": f"e to the power {TABULATED}",
        "CEIL": f"The next whole number above, {TABULATED}",
        "FLOOR": f"The next whole number below, {TABULATED}",
        "LOG": f"The natural logarithm {TABULATED}",
        "NEG": f"The negative {TABULATED}",
        "ROUND": f"The nearest whole number, halves to even, {TABULATED}",
        "SIN": f"The sine {TABULATED}",
        "SQRT": f"The square root {TABULATED}",
        "SQUARE": f"The square {TABULATED}",
    },
)
@dataclass(frozen=True, kw_only=True, eq=False)
class FloatFunction(Op):
    """A function of one float32 value, elementwise; tabulated where it depends on one int8 tensor."""

    RULES: ClassVar = (
        FLOATS,
        SAME_ELEMENTS,
    )

    function: str
    alpha: float

    @property
    def KIND(self) -> str:  # type: ignore[override]
        return f"float32 {self.function}"

    @property
    def variant(self) -> str:
        return self.function

    @property
    def calls_libm(self) -> bool:
        return self.function in TRANSCENDENTAL

    def compute(self, values: Values) -> Values:
        with np.errstate(all="ignore"):
            return (FUNCTIONS[self.function](values[0], self.alpha),)

    def bounds(self, low: Floats, high: Floats) -> tuple[Floats, Floats]:
        """Between what all C libraries' results lie for values from `low` to `high`, which are few units apart."""
        (a,), (b,) = self.compute((low,)), self.compute((high,))
        below, above = np.fmin(a, b), np.fmax(a, b)
        if self.function not in ARITHMETIC:
            sure = SURE[self.function](low) & SURE[self.function](high) | ~np.isfinite(below) | ~np.isfinite(above)
            with np.errstate(all="ignore"):
                margin = LAST_BITS * np.spacing(np.maximum(np.abs(below), np.abs(above)))
                below, above = np.where(sure, below, below - margin), np.where(sure, above, above + margin)
        return below, above

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, y = inputs[0], outputs[0]
        assert x is not None
        if (x.dtype, y.dtype) != (DType.FLOAT32, DType.FLOAT32):
            raise Reject(FLOATS, f"{x.dtype.tflite_name} -> {y.dtype.tflite_name}")
        if x.elements != y.elements:
            raise Reject(SAME_ELEMENTS, f"{x} -> {y}")
        return (cls(inputs=(x,), outputs=(y,), function=raw.opcode, alpha=float(raw.options.get("alpha", 0.0))),)

    def check(self) -> None:
        if self.input.elements != self.output.elements or not math.isfinite(self.alpha):
            raise InvalidIR(f"{self.function} of {self.input!r} to {self.output!r}", where=self.name)


@dataclass(frozen=True, kw_only=True, eq=False)
class FloatTable(Op):
    """float32 results for the 256 values of an int8 tensor. No .tflite operator is one.

    table     the output for -128..127
    function  the .tflite operators that it carries out, for people
    """

    table: tuple[float, ...]
    function: str

    @property
    def KIND(self) -> str:  # type: ignore[override]
        return f"Table {self.function}"

    @property
    def variant(self) -> str:
        return self.function

    def compute(self, values: Values) -> Values:
        return (np.array(self.table, np.float32)[values[0].astype(np.int64) + 128],)

    def check(self) -> None:
        kinds: tuple[Any, ...] = (self.input.dtype, self.output.dtype)
        if (
            len(self.table) != 256
            or kinds != (DType.INT8, DType.FLOAT32)
            or self.input.elements != self.output.elements
        ):
            raise InvalidIR(
                f"table of {len(self.table)} values from {self.input!r} to {self.output!r}", where=self.name
            )
