"""Unary operators on 8-bit values: whatever they compute, it is a table of 256 entries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import DType, Op, Tensor, Values
from tinyengine_tf.ops.base import SAME_ELEMENTS, SYMMETRIC_INT16, RawOpLike, Reject, Rule, operator
from tinyengine_tf.ops.float_function import FLOATS, FUNCTIONS, FloatFunction
from tinyengine_tf.ops.rescale import RESCALES, rescale
from tinyengine_tf.ops.sigmoid16 import INPUT_RULE, LEFT_SHIFTS, OUTPUT_RULE, sigmoid16
from tinyengine_tf.ops.unary import UNARY, all_values

BYTES = (DType.INT8, DType.UINT8)


BYTE_EDGES = Rule(
    "input and output are int8, int16 (all but ELU, HARD_SWISH and RSQRT), or float32 between DEQUANTIZE and QUANTIZE"
)
ONE_SCALE = Rule("8-bit tensors have a scale and a zero point, one per tensor")


@operator(
    *UNARY,
    own_rules={
        name: (*unary.rules, *((OUTPUT_RULE, INPUT_RULE) if name in LEFT_SHIFTS else ()))
        for name, unary in UNARY.items()
    },
    summaries={name: unary.summary for name, unary in UNARY.items()},
    definitions={name: unary.definition for name, unary in UNARY.items()},
)
@dataclass(frozen=True, kw_only=True, eq=False)
class Lookup(Op):
    """A function of one 8-bit value, elementwise: activations, requantisation, anything with one variable.

    table     the output for each value of the input's type, ascending from its smallest
    function  the .tflite operators that it carries out, for people
    """

    RULES: ClassVar = (BYTE_EDGES, FLOATS, ONE_SCALE, SAME_ELEMENTS, SYMMETRIC_INT16)

    table: tuple[int, ...]
    function: str

    @property
    def KIND(self) -> str:  # type: ignore[override]
        return f"Lookup {self.function}"

    @property
    def variant(self) -> str:
        return self.function

    def channelwise(self) -> tuple[Tensor, ...] | None:
        return (self.input,) if self.input.depth == self.output.depth else None

    @property
    def copies_input(self) -> bool:
        """Every byte stays as it is (the scales may still differ)."""
        return self._same_type and self.table == tuple(all_values(self.input.dtype).tolist())

    @cached_property
    def clamp(self) -> tuple[int, int] | None:
        """(low, high) where the function only limits its input to that range, else None."""
        if not self._same_type:
            return None
        low, high = min(self.table), max(self.table)
        return (low, high) if np.array_equal(self.table, np.clip(all_values(self.input.dtype), low, high)) else None

    @cached_property
    def flips_sign_bit(self) -> bool:
        """The exact relabelling between int8 and uint8: 128 is added or subtracted."""
        shift = {DType.INT8: 128, DType.UINT8: -128}[self.input.dtype]
        return not self._same_type and np.array_equal(self.table, all_values(self.input.dtype) + shift)

    def work(self) -> dict[str, float]:
        """`out.limit`: (of a clamp) limits that are looked at."""
        found = super().work()
        if self.clamp is None:
            return found
        low, high = self.clamp
        lowest, *_, highest = all_values(self.input.dtype).tolist()
        return found | {"out.limit": found["out"] * ((low > lowest) + (high < highest))}

    def compute(self, values: Values) -> Values:
        return (np.array(self.table)[values[0].astype(np.int64) - all_values(self.input.dtype)[0]],)

    @property
    def _same_type(self) -> bool:
        return self.input.dtype is self.output.dtype

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, y = inputs[0], outputs[0]
        assert x is not None
        if (x.dtype, y.dtype) == (DType.FLOAT32, DType.FLOAT32) and raw.opcode in FUNCTIONS:
            return FloatFunction.parse(raw, inputs, outputs)
        if (x.dtype, y.dtype) == (DType.INT16, DType.INT16) and raw.opcode in (*RESCALES, *LEFT_SHIFTS):
            require_pair(x, y)
            if x.zero_point or y.zero_point:
                raise Reject(SYMMETRIC_INT16, f"{x.zero_point} and {y.zero_point}")
            if raw.opcode in LEFT_SHIFTS:
                return (sigmoid16(raw.opcode, x, y),)
            return (rescale(raw.opcode, raw.options, x, y),)
        if (x.dtype, y.dtype) != (DType.INT8, DType.INT8):
            raise Reject(
                BYTE_EDGES,
                f"{x.dtype.tflite_name} -> {y.dtype.tflite_name}",
            )
        return (lookup(raw.opcode, x, y, lambda: UNARY[raw.opcode].function(raw.options, x, y).tolist()),)

    def check(self) -> None:
        info = np.iinfo(self.output.dtype.numpy)
        if len(self.table) != 256 or min(self.table) < info.min or max(self.table) > info.max:
            raise InvalidIR(f"table of {len(self.table)} values for {self.output!r}", where=self.name)
        if self.input.elements != self.output.elements or {self.input.dtype, self.output.dtype} - set(BYTES):
            raise InvalidIR(f"{self.input!r} looked up to {self.output!r}", where=self.name)


def require_quantized(*tensors: Tensor) -> None:
    for t in tensors:
        if t.quant is None or t.quant.per_channel:
            raise Reject(ONE_SCALE, t)


def require_pair(x: Tensor, y: Tensor) -> None:
    """What every function of one value needs."""
    require_quantized(x, y)
    if x.elements != y.elements:
        raise Reject(SAME_ELEMENTS, f"{x} -> {y}")


def lookup(function: str, x: Tensor, y: Tensor, build: Callable[[], Sequence[int]]) -> Lookup:
    """A Lookup after the checks that every function needs."""
    require_pair(x, y)
    return Lookup(inputs=(x,), outputs=(y,), table=tuple(build()), function=function)
