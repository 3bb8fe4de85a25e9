"""MIRROR_PAD, and GATHER and GATHER_ND at constant indices: copies whose source is looked up by dimension."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import DType, Op, Tensor, Values
from tinyengine_tf.ops.base import Constraint, RawOpLike, Reject, Rule, operator
from tinyengine_tf.ops.pad import PADDING_RULES, paddings
from tinyengine_tf.ops.runs import Run, moves, share_of_words
from tinyengine_tf.ops.slice import AXIS, resolve_axis
from tinyengine_tf.ops.strided_copy import SAME_TYPE, packed_strides

NARROW_BORDER = Rule("the border is no wider than what it mirrors")
CONSTANT_INDICES = Rule("indices are constant int32")
GATHERED_SHAPE = Rule("the output has the shape of the gathered slices")
INSIDE = Rule("indices lie inside the input")
NO_BATCH = Rule("there are no batch dimensions")


@dataclass(frozen=True, kw_only=True, eq=False)
class IndexedCopy(Op):
    """Output element (i, j, ...) is input element places[0][i] + places[1][j] + ...

    places    for every dimension of the output (joined as is convenient), input elements from the start
    """

    KIND: ClassVar[str] = "IndexedCopy"
    MOVES: ClassVar = True
    CONSTRAINTS: ClassVar = (SAME_TYPE,)

    places: tuple[tuple[int, ...], ...]

    def work(self) -> dict[str, float]:
        """`turn`: times that a loop over tabulated places is begun."""
        last = self.places[-1]
        run = len(last) if last == tuple(range(len(last))) else 1
        words = share_of_words([(self.output.elements // run, run, run)], 0, self.output.dtype.nbytes)
        turns = {"turn": float(self.output.elements // len(last))}
        return super().work() | moves([Run(self.output.elements // run, run, self.output.dtype.nbytes, words)]) | turns

    def compute(self, values: Values) -> Values:
        indices = np.asarray(0)
        for place in self.places:
            indices = indices[..., None] + np.asarray(place)
        return (values[0].reshape(-1)[indices],)

    def check(self) -> None:
        if math.prod(map(len, self.places)) != self.output.elements:
            raise InvalidIR(f"{[len(p) for p in self.places]} indices for {self.output!r}", where=self.name)
        if min(map(min, self.places)) < 0 or sum(map(max, self.places)) >= self.input.elements:
            raise InvalidIR(f"reads outside {self.input!r}", where=self.name)


@operator("MIRROR_PAD", needs=2)
@dataclass(frozen=True, kw_only=True, eq=False)
class MirrorPad(IndexedCopy):
    """A border that mirrors what is inside, with (SYMMETRIC) or without (REFLECT) the outermost elements."""

    RULES: ClassVar = (
        *PADDING_RULES,
        NARROW_BORDER,
    )

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, y = inputs[0], outputs[0]
        assert x is not None
        before, after = paddings(x, y, inputs[1])
        skip = int(raw.options["mode"] == "REFLECT")
        if any(max(b, a) > d - skip for d, b, a in zip(x.shape, before, after, strict=True)):
            raise Reject(NARROW_BORDER, f"{before}, {after} around {x}")
        places = []
        for d, b, a, step in zip(x.shape, before, after, packed_strides(x.shape), strict=True):
            left = [b + skip - 1 - i for i in range(b)]
            right = [d - 1 - skip - i for i in range(a)]
            places.append(tuple(i * step for i in (*left, *range(d), *right)))
        return (cls(inputs=(x,), outputs=outputs, places=tuple(places) or ((0,),)),)


@operator("GATHER_ND", needs=2)
@dataclass(frozen=True, kw_only=True, eq=False)
class GatherNd(IndexedCopy):
    """Elements or slices at constant places, each given by its indices in the first dimensions."""

    RULES: ClassVar = (
        CONSTANT_INDICES,
        GATHERED_SHAPE,
        INSIDE,
    )

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, indices, y = inputs[0], inputs[1], outputs[0]
        assert x is not None and indices is not None
        if indices.data is None or indices.dtype is not DType.INT32 or not indices.shape:
            raise Reject(CONSTANT_INDICES, indices)
        depth = indices.shape[-1]
        shape = (*indices.shape[:-1], *x.shape[depth:])
        if depth > len(x.shape) or y.shape != shape:
            raise Reject(GATHERED_SHAPE, f"{y.shape} where {shape} is expected")
        chosen = indices.values.reshape(-1, depth)
        if (chosen < 0).any() or (chosen >= x.shape[:depth]).any():
            raise Reject(INSIDE, f"{chosen.tolist()} of {x.shape}")
        begin = chosen @ np.array(packed_strides(x.shape)[:depth], np.int64)
        return (
            cls(inputs=(x,), outputs=outputs, places=(tuple(begin.tolist()), tuple(range(math.prod(x.shape[depth:]))))),
        )


@operator("GATHER", needs=2)
@dataclass(frozen=True, kw_only=True, eq=False)
class Gather(Op):
    """Slices of one dimension, chosen by computed int32 indices; constant indices make it an IndexedCopy.

    outer, depth, inner    the input as a 3-D array, of which the middle dimension is indexed
    Computed indices outside the dimension take its nearest element; TFLM reads foreign memory there.
    """

    RULES: ClassVar = (
        NO_BATCH,
        AXIS,
        GATHERED_SHAPE,
        INSIDE,
    )

    CONSTRAINTS: ClassVar = (
        Constraint("input and output have the same element type", lambda op: op.inputs[0].dtype is op.output.dtype),
        Constraint("indices are int32", lambda op: len(op.inputs) < 2 or op.inputs[1].dtype is DType.INT32),
    )

    outer: int
    depth: int
    inner: int

    def index_limit(self, tensor: Tensor) -> int | None:
        return self.depth if tensor is self.inputs[1] else None

    @property
    def indices(self) -> Tensor:
        assert self.inputs[1] is not None
        return self.inputs[1]

    def work(self) -> dict[str, float]:
        width = self.output.dtype.nbytes
        words = share_of_words([(self.output.elements // self.inner, self.inner, self.inner)], 0, width)
        return super().work() | moves([Run(self.output.elements // self.inner, self.inner, width, words)])

    def compute(self, values: Values) -> Values:
        x, indices = values
        return (x.reshape(self.outer, self.depth, self.inner)[:, np.clip(indices.reshape(-1), 0, self.depth - 1)],)

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, indices, y = inputs[0], inputs[1], outputs[0]
        assert x is not None and indices is not None
        if raw.options.get("batch_dims", 0):
            raise Reject(NO_BATCH, raw.options["batch_dims"])
        axis = resolve_axis(raw.options["axis"], len(x.shape))
        shape = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
        if y.shape != shape:
            raise Reject(GATHERED_SHAPE, f"{y.shape} where {shape} is expected")
        outer, depth, inner = math.prod(x.shape[:axis]), x.shape[axis], math.prod(x.shape[axis + 1 :])
        if indices.data is None:
            return (cls(inputs=(x, indices), outputs=outputs, outer=outer, depth=depth, inner=inner),)
        chosen = [int(i) for i in indices.values.reshape(-1)]
        if any(not 0 <= i < depth for i in chosen):
            raise Reject(INSIDE, f"{chosen} of {depth}")
        if x.dtype is not y.dtype:
            raise Reject(SAME_TYPE, f"{x} -> {y}")
        places = (tuple(i * depth * inner for i in range(outer)), tuple(i * inner for i in chosen), tuple(range(inner)))
        return (IndexedCopy(inputs=(x,), outputs=outputs, places=places),)

    def check(self) -> None:
        if self.outer * self.indices.elements * self.inner != self.output.elements:
            raise InvalidIR(f"gathers {self.output!r} from {self.input!r}", where=self.name)
