"""PAD and PADV2: a border of one value."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import DType, Op, Tensor, Values
from tinyengine_tf.ops.base import Constraint, RawOpLike, Reject, Rule, operator
from tinyengine_tf.ops.runs import WORD_BYTES, Run, moves, share_of_words
from tinyengine_tf.ops.slice import CONSTANT, constant_integers
from tinyengine_tf.ops.strided_copy import SAME_TYPE, packed_strides

PADDING = Rule("padding is given before and after each dimension, 0 or more")
PADDED_SHAPE = Rule("the output has the padded shape")
PADDING_RULES = (CONSTANT, PADDING, PADDED_SHAPE)
FILL_VALUE = Rule("the value is one constant of the output's type")
FILL_SCALE = Rule("the value has the output's scale and zero point, as TFLM demands")


def paddings(x: Tensor, y: Tensor, amounts: Tensor | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(before, after) per dimension, checked against both shapes."""
    flat = constant_integers(amounts, "the padding")
    before, after = tuple(flat[::2]), tuple(flat[1::2])
    if len(flat) != 2 * len(x.shape) or len(x.shape) != len(y.shape) or min(flat, default=0) < 0:
        raise Reject(PADDING, f"{flat} for {x}")
    shape = tuple(d + b + a for d, b, a in zip(x.shape, before, after, strict=True))
    if shape != y.shape:
        raise Reject(PADDED_SHAPE, f"{y.shape} where {shape} is expected")
    return before, after


@operator(
    "PAD",
    "PADV2",
    needs={"PAD": 2, "PADV2": 3},
    summaries={
        "PAD": "A border of the quantised zero, around tensors of any element type.",
        "PADV2": "A border of one given constant, around tensors of any element type.",
    },
)
@dataclass(frozen=True, kw_only=True, eq=False)
class Pad(Op):
    """A border of one value: the quantised zero (PAD) or a given constant (PADV2), of any element type.

    before, after    elements added at either end of every dimension
    """

    RULES: ClassVar = (
        *PADDING_RULES,
        FILL_VALUE,
        FILL_SCALE,
    )

    CONSTRAINTS: ClassVar = (
        SAME_TYPE,
        Constraint(
            "an int8 output has a zero point",
            lambda op: op.output.dtype is not DType.INT8 or op.output.quant is not None,
        ),
    )

    MOVES: ClassVar = True

    before: tuple[int, ...]
    after: tuple[int, ...]
    fill: int | float

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, y, value = inputs[0], outputs[0], inputs[2] if len(inputs) > 2 else None
        assert x is not None
        before, after = paddings(x, y, inputs[1])
        fill: int | float = y.quant.zero_points[0] if y.dtype is DType.INT8 and y.quant is not None else 0
        if value is not None:
            if value.data is None or value.elements != 1 or value.dtype is not y.dtype:
                raise Reject(FILL_VALUE, value)
            if y.dtype is DType.INT8 and value.quant != y.quant:
                raise Reject(FILL_SCALE, value.quant)
            fill = value.values.reshape(-1)[0].item()
        return (cls(inputs=(x,), outputs=outputs, before=before, after=after, fill=fill),)

    @property
    def distance(self) -> int:
        """Output elements written before the last input element is read, less those read: as `StridedCopy.distance`."""
        steps = zip(
            self.input.shape,
            self.before,
            packed_strides(self.input.shape),
            packed_strides(self.output.shape),
            strict=True,
        )
        return sum(b * out + (n - 1) * (out - source) for n, b, source, out in steps)

    @property
    def copies_input(self) -> bool:
        return not any((*self.before, *self.after))

    @cached_property
    def levels(self) -> tuple[tuple[int, int, int], ...]:
        """(times, before, after) from the outermost dimension in, the last one being one run of elements.

        `before` and `after` count output elements; dimensions without padding are joined to the one outside them.
        """
        levels: list[tuple[int, int, int]] = []
        step = self.output.elements
        for size, before, after in zip(self.input.shape, self.before, self.after, strict=True):
            step //= size + before + after
            if levels and before == after == 0:
                levels[-1] = (levels[-1][0] * size, *levels[-1][1:])
            else:
                levels.append((size, before * step, after * step))
        return tuple(levels) or ((1, 0, 0),)

    def work(self) -> dict[str, float]:
        """The border's pieces are filled, what is between them copied in runs."""
        runs, width, times = [], self.output.dtype.nbytes, 1
        uniform = self.fill == 0 or (self.fill == -1 and self.output.dtype is not DType.FLOAT32)
        wide = 1 if uniform else width  # what is the same in every byte is filled by bytes
        for size, before, after in self.levels:
            runs += [Run(times, n * width // wide, wide, filled=True) for n in (before, after) if n]
            times *= size
        run = self.levels[-1][0]
        count = self.input.elements // run
        first = sum(b for _, b, _ in self.levels) * width % WORD_BYTES == 0
        pitch = self.output.elements // max(count, 1)
        words = share_of_words([(count, run, pitch)], 0, width) if first else 0.0
        return super().work() | moves([*runs, Run(count, run, width, words)])

    def compute(self, values: Values) -> Values:
        return (np.pad(values[0], list(zip(self.before, self.after, strict=True)), constant_values=self.fill),)

    def check(self) -> None:
        shape = tuple(d + b + a for d, b, a in zip(self.input.shape, self.before, self.after, strict=True))
        if shape != self.output.shape or min((*self.before, *self.after), default=0) < 0:
            raise InvalidIR(f"{self.input!r} padded to {self.output!r}", where=self.name)
