"""Copies whose source index is linear in the output index: transposing, slicing, splitting, repeating."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import Op, Tensor, Values
from tinyengine_tf.ops.base import Constraint
from tinyengine_tf.ops.runs import Run, moves, share_of_words


def packed_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Elements from one index to the next in each dimension of a dense array."""
    return tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))


SAME_TYPE = Constraint("input and output have the same element type", lambda op: op.input.dtype is op.output.dtype)


@dataclass(frozen=True, kw_only=True, eq=False)
class StridedCopy(Op):
    """Output element (i, j, ...) is input element offset + i * strides[0] + j * strides[1] + ...

    sizes     extents of the index; their product is the number of output elements, but they need not be
              the output's shape (DEPTH_TO_SPACE splits dimensions)
    strides   in input elements; negative to reverse, 0 to repeat
    offset    input element that becomes the first output element
    """

    KIND: ClassVar[str] = "StridedCopy"
    MOVES: ClassVar = True
    CONSTRAINTS: ClassVar = (SAME_TYPE,)

    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0

    @cached_property
    def loops(self) -> tuple[tuple[int, int], ...]:
        """(size, stride), outermost first: no size of 1, and neighbours that advance as one are joined."""
        joined: list[tuple[int, int]] = []
        for size, stride in zip(self.sizes, self.strides, strict=True):
            if size == 1:
                continue
            if joined and joined[-1][1] == size * stride:
                joined[-1] = (joined[-1][0] * size, stride)
            else:
                joined.append((size, stride))
        return tuple(joined)

    @property
    def view_offset(self) -> int | None:
        """`offset` where the output lies densely inside the input, so that nothing has to move."""
        dense = len(self.loops) == 0 or (len(self.loops) == 1 and self.loops[0][1] == 1)
        return self.offset if dense else None

    @property
    def copies_input(self) -> bool:
        return self.view_offset == 0 and self.input.elements == self.output.elements

    @property
    def distance(self) -> int:
        """max(t - source of t) over output elements t: how far writing, in order, runs ahead of reading."""
        ahead, step = -self.offset, self.output.elements
        for size, stride in zip(self.sizes, self.strides, strict=True):
            step //= size
            ahead += max(0, (size - 1) * (step - stride))
        return ahead

    def work(self) -> dict[str, float]:
        *outer, (run, step) = self.loops or ((1, 1),)
        turns, inside = [], self.output.elements
        for size, stride in outer:
            inside //= size
            turns.append((size, stride, inside))
        width = self.output.dtype.nbytes
        words = share_of_words(turns, self.offset, width)
        count = self.output.elements // run
        return super().work() | moves([Run(count, run, width, words, apart=step != 1, looped=True)])

    def compute(self, values: Values) -> Values:
        indices = np.asarray(self.offset)
        for size, stride in zip(self.sizes, self.strides, strict=True):
            indices = indices[..., None] + np.arange(size) * stride
        return (values[0].reshape(-1)[indices],)

    def check(self) -> None:
        if math.prod(self.sizes) != self.output.elements:
            raise InvalidIR(f"indices {self.sizes} for {self.output!r}", where=self.name)
        low = self.offset + sum((n - 1) * s for n, s in zip(self.sizes, self.strides, strict=True) if s < 0)
        high = self.offset + sum((n - 1) * s for n, s in zip(self.sizes, self.strides, strict=True) if s > 0)
        if low < 0 or high >= self.input.elements:
            raise InvalidIR(f"reads elements {low} to {high} of {self.input!r}", where=self.name)


@dataclass(frozen=True, kw_only=True, eq=False)
class Copy(StridedCopy):
    """The whole input again, in memory of its own. No .tflite operator is one."""

    KIND: ClassVar[str] = "Copy"

    @property
    def view_offset(self) -> None:
        return None


def copy_of(tensor: Tensor, name: str) -> Copy:
    """A Copy of `tensor`, whose output has that name."""
    out = replace(tensor, name=name, source=None)
    return Copy(inputs=(tensor,), outputs=(out,), sizes=(tensor.elements,), strides=(1,))
