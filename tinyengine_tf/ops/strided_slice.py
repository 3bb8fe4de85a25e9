"""STRIDED_SLICE: numpy-style indexing with begin, end and step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyengine_tf.ir import Op, Tensor
from tinyengine_tf.ops.base import RawOpLike, Reject, Rule, operator
from tinyengine_tf.ops.slice import BOX_RULES, CONSTANT, BoxCopy, constant_integers

NO_OFFSET = Rule("end counts from the start of the dimension, not from begin")
EQUAL_LENGTH = Rule("begin, end and step have equal length, and no step is 0")
NO_MORE_INDICES = Rule("there are no more indices than dimensions")
ONE_ELLIPSIS = Rule("there is at most one ellipsis")


@operator("STRIDED_SLICE", needs=4)
@dataclass(frozen=True, kw_only=True, eq=False)
class StridedSlice(BoxCopy):
    """Indexing with begin, end and step; every mask, negative steps, indices from either end."""

    RULES: ClassVar = (
        NO_OFFSET,
        CONSTANT,
        EQUAL_LENGTH,
        NO_MORE_INDICES,
        ONE_ELLIPSIS,
        *BOX_RULES,
    )

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x = inputs[0]
        assert x is not None
        if raw.options.get("offset"):
            raise Reject(NO_OFFSET)
        begin, end, step = (
            constant_integers(t, what) for t, what in zip(inputs[1:4], ("begin", "end", "the step"), strict=True)
        )
        if not len(begin) == len(end) == len(step) or 0 in step:
            raise Reject(EQUAL_LENGTH, f"{begin}, {end}, {step}")
        firsts, sizes, steps = [], [], []
        for dim, index in zip(x.shape, _indices_per_dimension(raw, len(begin), len(x.shape)), strict=True):
            first, size, stride = (0, dim, 1) if index is None else _range(raw, index, dim, begin, end, step)
            firsts.append(first)
            sizes.append(size)
            steps.append(stride)
        return (cls.of(x, outputs[0], firsts, sizes, steps),)


def _indices_per_dimension(raw: RawOpLike, count: int, rank: int) -> list[int | None]:
    """For every input dimension, which index describes it; None: taken whole.

    An ellipsis stands for as many whole dimensions as are missing; a new axis describes none.
    """
    ellipsis, new_axis = raw.options["ellipsis_mask"], raw.options["new_axis_mask"]
    plain = [i for i in range(count) if not (ellipsis >> i & 1) and not (new_axis >> i & 1)]
    if len(plain) > rank:
        raise Reject(NO_MORE_INDICES, f"{len(plain)} for {rank}")
    whole: list[int | None] = [None] * (rank - len(plain))
    dots = [i for i in range(count) if ellipsis >> i & 1]
    if len(dots) > 1:
        raise Reject(ONE_ELLIPSIS)
    if not dots:
        return [*plain, *whole]
    return [*(i for i in plain if i < dots[0]), *whole, *(i for i in plain if i > dots[0])]


def _range(raw: RawOpLike, i: int, dim: int, begin: list[int], end: list[int], step: list[int]) -> tuple[int, int, int]:
    """(first, size, step) of one dimension."""
    low, high = (0, dim) if step[i] > 0 else (-1, dim - 1)

    def place(value: int, masked: bool, default: int) -> int:
        return default if masked else min(max(value + dim if value < 0 else value, low), high)

    first = place(begin[i], bool(raw.options["begin_mask"] >> i & 1), 0 if step[i] > 0 else dim - 1)
    if raw.options["shrink_axis_mask"] >> i & 1:
        return first, 1, 1
    last = place(end[i], bool(raw.options["end_mask"] >> i & 1), high if step[i] > 0 else low)
    return first, max(0, -((first - last) // step[i])), step[i]
