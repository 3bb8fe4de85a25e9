"""Operators that take a box out of a tensor: SLICE, STRIDED_SLICE, SPLIT, SPLIT_V, UNPACK, REVERSE_V2."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tinyengine_tf.ir import Op, Tensor
from tinyengine_tf.ops.base import RawOpLike, Reject, Rule, operator
from tinyengine_tf.ops.strided_copy import StridedCopy, packed_strides

INSIDE = Rule("the slice lies inside the input")
SLICE_SHAPE = Rule("the output has the shape of the slice")
CONSTANT = Rule("axes, shapes, positions, paddings and the like are constant integers")
AXIS = Rule("an axis is one of the input's dimensions")
BOX_RULES = (INSIDE, SLICE_SHAPE)
EVERY_DIMENSION = Rule("begin and size name every dimension of the input")
WHOLE = Rule("the pieces make up the whole dimension")
ONE_OUTPUT_EACH = Rule("there is one output for each index of the axis")


@dataclass(frozen=True, kw_only=True, eq=False)
class BoxCopy(StridedCopy):
    """A StridedCopy that walks every dimension of its input at its own start and step."""

    @classmethod
    def of(
        cls, x: Tensor, out: Tensor, begin: Sequence[int], sizes: Sequence[int], steps: Sequence[int] | None = None
    ) -> Op:
        """Element begin + i * step of each dimension, i < size."""
        steps = steps or [1] * len(x.shape)
        for dim, first, size, step in zip(x.shape, begin, sizes, steps, strict=True):
            last = first + (size - 1) * step
            if size < 1 or not (0 <= first < dim and 0 <= last < dim):
                raise Reject(INSIDE, f"{first} to {last} of a dimension of {dim}")
        packed = packed_strides(x.shape)
        offset = sum(b * s for b, s in zip(begin, packed, strict=True))
        strides = tuple(s * p for s, p in zip(steps, packed, strict=True))
        op = cls(inputs=(x,), outputs=(out,), sizes=tuple(sizes), strides=strides, offset=offset)
        if out.elements != math.prod(sizes):
            raise Reject(SLICE_SHAPE, f"{out.shape} where {tuple(sizes)} is expected")
        return op


def constant_integers(tensor: Tensor | None, what: str) -> list[int]:
    """The values of a constant index tensor."""
    if tensor is None or tensor.data is None:
        raise Reject(CONSTANT, f"{what} is computed")
    if tensor.values.dtype.kind not in "iu":
        raise Reject(CONSTANT, f"{what} is {tensor.dtype.tflite_name.lower()}")
    return [int(v) for v in tensor.values.reshape(-1)]


def resolve_axis(axis: int, rank: int) -> int:
    """A dimension counted from either end."""
    if not -rank <= axis < rank:
        raise Reject(AXIS, f"{axis} of {rank}")
    return axis % rank


@operator("SLICE", needs=3)
@dataclass(frozen=True, kw_only=True, eq=False)
class Slice(BoxCopy):
    """A box of the input, given by its first element and its size (-1: to the end)."""

    RULES: ClassVar = (
        CONSTANT,
        EVERY_DIMENSION,
        *BOX_RULES,
    )

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x = inputs[0]
        begin, sizes = constant_integers(inputs[1], "where the slice begins"), constant_integers(inputs[2], "its size")
        if x is None or len(begin) != len(x.shape) or len(sizes) != len(x.shape):
            raise Reject(EVERY_DIMENSION, f"{x}, begin {begin}, size {sizes}")
        sizes = [d - b if n == -1 else n for d, b, n in zip(x.shape, begin, sizes, strict=True)]
        return (cls.of(x, outputs[0], begin, sizes),)


@operator(
    "SPLIT",
    "SPLIT_V",
    needs={"SPLIT": 2, "SPLIT_V": 3},
    summaries={
        "SPLIT": "Equal consecutive pieces of one dimension.",
        "SPLIT_V": "Consecutive pieces of one dimension, of given sizes; some may be empty.",
    },
)
@dataclass(frozen=True, kw_only=True, eq=False)
class Split(BoxCopy):
    """Consecutive pieces of one dimension, equal or of given sizes."""

    RULES: ClassVar = (
        CONSTANT,
        AXIS,
        WHOLE,
        *BOX_RULES,
    )

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, where = (inputs[1], inputs[0]) if raw.opcode == "SPLIT" else (inputs[0], inputs[2])
        assert x is not None
        axes = constant_integers(where, "the axis")
        if len(axes) != 1:
            raise Reject(AXIS, f"{len(axes)} axes")
        axis = resolve_axis(axes[0], len(x.shape))
        if any(len(y.shape) != len(x.shape) for y in outputs) or sum(y.shape[axis] for y in outputs) != x.shape[axis]:
            raise Reject(WHOLE, f"{x} into {outputs}")
        ops, first = [], 0
        for y in outputs:
            if not y.elements:
                continue
            begin = [first if i == axis else 0 for i in range(len(x.shape))]
            sizes = [y.shape[i] if i == axis else d for i, d in enumerate(x.shape)]
            ops.append(cls.of(x, y, begin, sizes))
            first += y.shape[axis]
        return tuple(ops)


@operator("UNPACK")
@dataclass(frozen=True, kw_only=True, eq=False)
class Unpack(BoxCopy):
    """Every index of one dimension as a tensor of its own."""

    RULES: ClassVar = (
        AXIS,
        ONE_OUTPUT_EACH,
        *BOX_RULES,
    )

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x = inputs[0]
        assert x is not None
        axis = resolve_axis(raw.options["axis"], len(x.shape))
        if x.shape[axis] != len(outputs):
            raise Reject(ONE_OUTPUT_EACH, f"{len(outputs)} for {x}")
        sizes = [1 if i == axis else d for i, d in enumerate(x.shape)]
        return tuple(
            cls.of(x, y, [k if i == axis else 0 for i in range(len(x.shape))], sizes) for k, y in enumerate(outputs)
        )


@operator("REVERSE_V2", needs=2)
@dataclass(frozen=True, kw_only=True, eq=False)
class Reverse(BoxCopy):
    """Dimensions in reverse order."""

    RULES: ClassVar = (
        CONSTANT,
        AXIS,
        *BOX_RULES,
    )

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x = inputs[0]
        assert x is not None
        axes = {resolve_axis(a, len(x.shape)) for a in constant_integers(inputs[1], "the axis")}
        begin = [d - 1 if i in axes else 0 for i, d in enumerate(x.shape)]
        steps = [-1 if i in axes else 1 for i in range(len(x.shape))]
        return (cls.of(x, outputs[0], begin, x.shape, steps),)
