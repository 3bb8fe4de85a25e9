"""MEAN, SUM, REDUCE_MAX, REDUCE_MIN over any dimensions."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import Op, Tensor, Values
from tinyengine_tf.ops.base import (
    ACTIVATIONS,
    INT8_ACTIVATIONS,
    Constraint,
    RawOpLike,
    Reject,
    Rule,
    operator,
    whole_range,
)
from tinyengine_tf.ops.fixedpoint import MAX_SHIFT, RATIO_RULE, Multiplier, quantize_multiplier, requantize
from tinyengine_tf.ops.reshape import Reshape
from tinyengine_tf.ops.slice import AXIS, CONSTANT, constant_integers, resolve_axis
from tinyengine_tf.ops.strided_copy import packed_strides

Loop = tuple[int, int]


REDUCED_SHAPE = Rule("the output keeps the other dimensions")


UNROLLED = 3
"""Turns of a loop up to which compilers unroll it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reduce(Op):
    """One value for all elements along `axes`; whether those dimensions stay as 1 is seen in the output's shape."""

    RULES: ClassVar = (
        CONSTANT,
        AXIS,
        REDUCED_SHAPE,
    )

    axes: frozenset[int]

    @cached_property
    def count(self) -> int:
        """Elements that make one output element."""
        return math.prod(self.input.shape[a] for a in self.axes)

    @cached_property
    def loops(self) -> tuple[tuple[Loop, ...], tuple[Loop, ...]]:
        """(size, stride) of kept and of reduced dimensions, outermost first; neighbours of a kind are joined."""
        kinds: tuple[list[Loop], list[Loop]] = ([], [])
        previous = None
        for i, (size, stride) in enumerate(zip(self.input.shape, packed_strides(self.input.shape), strict=True)):
            if size == 1:
                continue
            kind = kinds[i in self.axes]
            if previous is kind:
                kind[-1] = (kind[-1][0] * size, stride)
            else:
                kind.append((size, stride))
            previous = kind
        return tuple(kinds[0]), tuple(kinds[1])

    @property
    def copies_input(self) -> bool:
        return self.count == 1

    def work(self) -> dict[str, float]:
        """`turn`: times that the innermost loop over what becomes one element is begun, unless it is so short that
        compilers unroll it."""
        size = self.loops[1][-1][0] if self.loops[1] else 1
        return super().work() | {"turn": self.input.elements / size * (size > UNROLLED)}

    def channelwise(self) -> tuple[Tensor, ...] | None:
        return (self.input,) if len(self.input.shape) - 1 not in self.axes else None

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, y = inputs[0], outputs[0]
        assert x is not None
        axes = frozenset(resolve_axis(a, len(x.shape)) for a in constant_integers(inputs[1], "the axis"))
        kept = tuple(d for i, d in enumerate(x.shape) if i not in axes)
        full = tuple(1 if i in axes else d for i, d in enumerate(x.shape))
        if y.shape != (full if raw.options["keep_dims"] else kept):
            raise Reject(REDUCED_SHAPE, f"{x} over {sorted(axes)} to {y}")
        if y.shape == full:
            return (cls(inputs=(x,), outputs=outputs, axes=axes),)
        # Dimensions of 1 stay until the end: images remain images for kernels that work by rows.
        image = replace(y, shape=full)
        return cls(inputs=(x,), outputs=(image,), axes=axes), Reshape(inputs=(image,), outputs=outputs)

    def check(self) -> None:
        if self.output.elements * self.count != self.input.elements:
            raise InvalidIR(f"{self.input!r} over {sorted(self.axes)} to {self.output!r}", where=self.name)


def sums_fit(op: Reduce) -> bool:
    return op.count < 2 ** (31 - op.input.dtype.bits)


SUMMED = (
    *ACTIVATIONS,
    Constraint(
        "fewer than 2^23 elements (int16: 2^15) make one output element, so 32-bit sums are exact",
        sums_fit,
        lambda op: op.count,
    ),
    Constraint(RATIO_RULE, lambda op: op.multiplier.shift <= MAX_SHIFT),
)


@operator("SUM", needs=2)
@dataclass(frozen=True, kw_only=True, eq=False)
class Sum(Reduce):
    """Sum over any dimensions, requantised."""

    CONSTRAINTS: ClassVar = SUMMED

    @property
    def copies_input(self) -> bool:
        return self.count == 1 and self.input.quant == self.output.quant

    @property
    def multiplier(self) -> Multiplier:
        return quantize_multiplier(self.input.scale / self.output.scale)

    def compute(self, values: Values) -> Values:
        sums = (values[0].astype(np.int64) - self.input.zero_point).sum(axis=tuple(self.axes))
        return (np.clip(requantize(sums, self.multiplier) + self.output.zero_point, *whole_range(self.output)),)


@operator("MEAN", needs=2)
@dataclass(frozen=True, kw_only=True, eq=False)
class Mean(Sum):
    """Mean over any dimensions, requantised."""

    @property
    def multiplier(self) -> Multiplier:
        """Input over output scale, its mantissa divided by the count after as many left shifts as fit."""
        m = super().multiplier
        shift = min(self.count.bit_length() - 1, 32, 31 + m.shift)
        return Multiplier((m.mantissa << shift) // self.count, m.shift - shift)


EXTREME = (
    *INT8_ACTIVATIONS,
    Constraint("input and output have the same scale and zero point", lambda op: op.input.quant == op.output.quant),
)


@operator("REDUCE_MAX", needs=2)
@dataclass(frozen=True, kw_only=True, eq=False)
class ReduceMax(Reduce):
    """Largest value over any dimensions."""

    CONSTRAINTS: ClassVar = EXTREME

    def compute(self, values: Values) -> Values:
        return (values[0].max(axis=tuple(self.axes)),)


@operator("REDUCE_MIN", needs=2)
@dataclass(frozen=True, kw_only=True, eq=False)
class ReduceMin(Reduce):
    """Smallest value over any dimensions."""

    CONSTRAINTS: ClassVar = EXTREME

    def compute(self, values: Values) -> Values:
        return (values[0].min(axis=tuple(self.axes)),)
