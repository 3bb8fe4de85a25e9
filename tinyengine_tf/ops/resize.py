"""RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR. The new size is the output's shape."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import Op, Tensor, Values
from tinyengine_tf.ops.base import INT8_ACTIVATIONS, Constraint, RawOpLike, Reject, Rule, operator
from tinyengine_tf.ops.fixedpoint import round_half_away
from tinyengine_tf.ops.runs import Run, moves, share_of_words
from tinyengine_tf.ops.strided_copy import SAME_TYPE

IMAGES = Rule("input and output are NHWC images of equal batch and channels")
SIZE = Rule("the output has the size asked for")


@dataclass(frozen=True, kw_only=True, eq=False)
class Resize(Op):
    """NHWC images to another height and width.

    align_corners        corner pixels map to corner pixels
    half_pixel_centers   pixels are areas: their centres map, not their corners
    """

    RULES: ClassVar = (
        IMAGES,
        SIZE,
    )

    align_corners: bool
    half_pixel_centers: bool

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, y = inputs[0], outputs[0]
        if x is None or len(x.shape) != 4 or len(y.shape) != 4 or (x.shape[0], x.shape[3]) != (y.shape[0], y.shape[3]):
            raise Reject(IMAGES, f"{x} -> {y}")
        size = inputs[1] if len(inputs) > 1 else None
        if size is not None and size.data is not None and tuple(size.values.reshape(-1).tolist()) != y.shape[1:3]:
            raise Reject(SIZE, f"{y.shape[1:3]} where {size.values.tolist()} is expected")
        corners, centers = bool(raw.options["align_corners"]), bool(raw.options["half_pixel_centers"])
        return (cls(inputs=(x,), outputs=outputs, align_corners=corners, half_pixel_centers=centers),)

    def check(self) -> None:
        x, y = self.input.shape, self.output.shape
        if (x[0], x[3]) != (y[0], y[3]):
            raise InvalidIR(f"{self.input!r} resized to {self.output!r}", where=self.name)


@operator("RESIZE_NEAREST_NEIGHBOR")
@dataclass(frozen=True, kw_only=True, eq=False)
class ResizeNearest(Resize):
    """Every output pixel is the nearest input pixel, of any element type."""

    CONSTRAINTS: ClassVar = (SAME_TYPE,)

    def sources(self, axis: int) -> tuple[int, ...]:
        """The input row or column of every output row or column, in TFLM's float32 arithmetic."""
        source, target = self.input.shape[axis], self.output.shape[axis]
        corners = self.align_corners and target > 1
        scale = np.float32(source - 1) / np.float32(target - 1) if corners else np.float32(source) / np.float32(target)
        centre = np.float32(0.5 if self.half_pixel_centers else 0.0)
        places = [float((np.float32(i) + centre) * scale) for i in range(target)]
        rounded = [round_half_away(p) if self.align_corners else math.floor(p) for p in places]
        return tuple(max(min(p, source - 1), 0) for p in rounded)

    def compute(self, values: Values) -> Values:
        return (values[0][:, np.array(self.sources(1))[:, None], np.array(self.sources(2))],)

    def work(self) -> dict[str, float]:
        channels, width = self.output.depth, self.output.dtype.nbytes
        pixels = self.output.elements // channels
        words = share_of_words([(pixels, channels, channels)], 0, width)
        return super().work() | moves([Run(pixels, channels, width, words)])


@dataclass(frozen=True)
class Blend:
    """For every output row or column: the first of two neighbours, and the second one's share in 1024ths."""

    first: tuple[int, ...]
    share: tuple[int, ...]


def stays_inside(op: ResizeBilinear) -> bool:
    return all(max(op.blend(axis).first) < op.input.shape[axis] for axis in (1, 2))


@operator("RESIZE_BILINEAR")
@dataclass(frozen=True, kw_only=True, eq=False)
class ResizeBilinear(Resize):
    """Every output pixel is a blend of four neighbours, with shares in 1024ths."""

    CONSTRAINTS: ClassVar = (
        *INT8_ACTIVATIONS,
        Constraint(
            "not both align_corners and half_pixel_centers", lambda op: not (op.align_corners and op.half_pixel_centers)
        ),
        Constraint(
            "the enlargement is small enough for TFLM's 10-bit positions to stay inside the image", stays_inside
        ),
    )

    @cached_property
    def _blends(self) -> dict[int, Blend]:
        return {axis: self._blend(axis) for axis in (1, 2)}

    def blend(self, axis: int) -> Blend:
        """Rows (axis 1) or columns (axis 2)."""
        return self._blends[axis]

    def _blend(self, axis: int) -> Blend:
        source, target = self.input.shape[axis], self.output.shape[axis]
        scale = (1024 * source + target // 2) // target
        if self.align_corners and target > 1:
            scale = (1024 * (source - 1) + (target - 1) // 2) // (target - 1)
        first, share = [], []
        for i in range(target):
            place = i * scale + (scale // 2 - 512 if self.half_pixel_centers else 0)
            low = max(place, 0) // 1024
            high = min(-(-place // 1024) if place >= 0 else 0, source - 1)
            first.append(low)
            # Where both neighbours are the same pixel, the shares do not matter: all goes to the first.
            share.append(place - 1024 * low if high > low else 0)
        return Blend(tuple(first), tuple(share))

    def compute(self, values: Values) -> Values:
        sums = values[0].astype(np.int64)
        for axis in (1, 2):
            blend = self.blend(axis)
            first, share = np.array(blend.first), np.array(blend.share).reshape((-1, 1) if axis == 2 else (-1, 1, 1))
            second = np.minimum(first + 1, self.input.shape[axis] - 1)
            sums = sums.take(first, axis) * (1024 - share) + sums.take(second, axis) * share
        return (np.sign(sums) * ((np.abs(sums) + (1 << 19)) >> 20),)
