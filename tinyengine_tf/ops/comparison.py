"""GREATER, EQUAL and the like, and LOGICAL_AND, LOGICAL_OR, LOGICAL_NOT: booleans from two operands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import DType, Op, Tensor, Values
from tinyengine_tf.ops.base import BROADCASTS, PER_TENSOR, QUANTIZED, Constraint, RawOpLike, Reject, Rule, operator
from tinyengine_tf.ops.broadcast import broadcasts_to
from tinyengine_tf.ops.fixedpoint import Multiplier, quantize_multiplier, requantize
from tinyengine_tf.ops.two_operands import TwoOperands

EQUALITY: Mapping[str, Callable[[Any, Any], Any]] = {"EQUAL": np.equal, "NOT_EQUAL": np.not_equal}
ORDER: Mapping[str, Callable[[Any, Any], Any]] = {
    "GREATER": np.greater,
    "GREATER_EQUAL": np.greater_equal,
    "LESS": np.less,
    "LESS_EQUAL": np.less_equal,
}
LOGICAL: Mapping[str, Callable[[Any, Any], Any]] = {"LOGICAL_AND": np.logical_and, "LOGICAL_OR": np.logical_or}
FUNCTIONS = {**EQUALITY, **ORDER, **LOGICAL}
OPERAND_TYPES = Rule(
    "both inputs are all int8, all int32 or all float32, the output bool "
    "(EQUAL, NOT_EQUAL: or all bool; LOGICAL_AND, LOGICAL_OR, LOGICAL_NOT: all bool)"
)
NUMBERS = (DType.INT8, DType.INT32, DType.FLOAT32)
HEADROOM_BITS = 8


def scales_below_one(op: Comparison) -> bool:
    return op.a.dtype is not DType.INT8 or max(op.a.scale, op.b.scale) < 1


@operator(
    *FUNCTIONS,
    "LOGICAL_NOT",
    needs={name: 2 for name in FUNCTIONS},
    summaries={
        "EQUAL": "a == b, elementwise with broadcasting; either may be constant; the output is bool.",
        "NOT_EQUAL": "a != b, elementwise with broadcasting; either may be constant; the output is bool.",
        "GREATER": "a > b, elementwise with broadcasting; either may be constant; the output is bool.",
        "GREATER_EQUAL": "a >= b, elementwise with broadcasting; either may be constant; the output is bool.",
        "LESS": "a < b, elementwise with broadcasting; either may be constant; the output is bool.",
        "LESS_EQUAL": "a <= b, elementwise with broadcasting; either may be constant; the output is bool.",
        "LOGICAL_AND": "Both of two bools, elementwise with broadcasting.",
        "LOGICAL_OR": "Either of two bools, elementwise with broadcasting.",
        "LOGICAL_NOT": "The other bool.",
    },
)
@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison(TwoOperands):
    """Two operands compared or combined elementwise with broadcasting; either may be constant; the output is bool.

    LOGICAL_NOT is NOT_EQUAL to true.
    """

    RULES: ClassVar = (
        OPERAND_TYPES,
        BROADCASTS,
    )

    CONSTRAINTS: ClassVar = (
        QUANTIZED,
        PER_TENSOR,
        Constraint("scales of int8 operands are below 1, as TFLM demands", scales_below_one),
    )

    @property
    def multipliers(self) -> tuple[Multiplier, ...]:
        """int8: what brings each operand, at `HEADROOM_BITS` extra bits, to real numbers; rounding may equate them."""
        return tuple(quantize_multiplier(t.scale) for t in (self.a, self.b)) if self.a.dtype is DType.INT8 else ()

    @property
    def variant(self) -> str:
        """All comparisons take the same."""
        return ""

    def work(self) -> dict[str, float]:
        """`scaled`: operands that are brought to real numbers; `out.` with the type of others."""
        found, dtype = super().work(), self.a.dtype
        return found | (
            {"scaled": found["operand"]} if self.multipliers else {f"out.{dtype.tflite_name}": found["out"]}
        )

    def compute(self, values: Values) -> Values:
        operands = list(values)
        for k, (t, m) in enumerate(zip((self.a, self.b), self.multipliers, strict=False)):
            operands[k] = requantize((operands[k].astype(np.int64) - t.zero_point) << HEADROOM_BITS, m)
        return (FUNCTIONS[self.function](*operands),)

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        y = outputs[0]
        if raw.opcode == "LOGICAL_NOT":
            true = Tensor(f"{y.name}/true", (), DType.BOOL, const=True, data=np.array(True))
            function, inputs = "NOT_EQUAL", (inputs[0], true)
        else:
            function = raw.opcode
        a, b = inputs[0], inputs[1]
        assert a is not None and b is not None
        accepted = {
            **dict.fromkeys(EQUALITY, (*NUMBERS, DType.BOOL)),
            **dict.fromkeys((*LOGICAL, "LOGICAL_NOT"), (DType.BOOL,)),
        }
        types = accepted.get(raw.opcode, NUMBERS)
        if a.dtype is not b.dtype or a.dtype not in types or y.dtype is not DType.BOOL:
            found = ", ".join(t.dtype.tflite_name for t in (a, b, y))
            raise Reject(OPERAND_TYPES, found)
        if not broadcasts_to(y.shape, a.shape, b.shape):
            raise Reject(BROADCASTS, f"{a.shape} and {b.shape} -> {y.shape}")
        return (cls(inputs=(a, b), outputs=outputs, function=function),)

    def check(self) -> None:
        if not broadcasts_to(self.output.shape, self.a.shape, self.b.shape) or self.a.dtype is not self.b.dtype:
            raise InvalidIR(f"{self.a!r}, {self.b!r} -> {self.output!r}", where=self.name)
