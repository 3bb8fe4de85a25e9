"""RESIZE_BILINEAR in float32."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from tinyengine_tf.ir import DType, Values
from tinyengine_tf.ops.base import Constraint, operator
from tinyengine_tf.ops.resize import Resize


@dataclass(frozen=True)
class FloatBlend:
    """For every output row or column: its two neighbours, which may be one, and the second one's share, a float32."""

    first: tuple[int, ...]
    second: tuple[int, ...]
    share: tuple[float, ...]


@operator("RESIZE_BILINEAR", floats=True)
@dataclass(frozen=True, kw_only=True, eq=False)
class FloatResizeBilinear(Resize):
    """Every float32 output pixel is a blend of four neighbours."""

    CONSTRAINTS: ClassVar = (
        Constraint("input and output are float32", lambda op: {op.input.dtype, op.output.dtype} == {DType.FLOAT32}),
        Constraint(
            "not both align_corners and half_pixel_centers", lambda op: not (op.align_corners and op.half_pixel_centers)
        ),
    )

    @cached_property
    def rows(self) -> FloatBlend:
        return self._blend(1)

    @cached_property
    def columns(self) -> FloatBlend:
        return self._blend(2)

    def _blend(self, axis: int) -> FloatBlend:
        """In TFLM's float32 arithmetic; beyond an edge both neighbours are the last pixel, with any share."""
        source, target = self.input.shape[axis], self.output.shape[axis]
        corners = self.align_corners and target > 1
        scale = np.float32(source - 1) / np.float32(target - 1) if corners else np.float32(source) / np.float32(target)
        half = np.float32(0.5)
        each = [np.float32(i) for i in range(target)]
        places = [(i + half) * scale - half if self.half_pixel_centers else i * scale for i in each]
        first = [max(int(np.floor(p)), 0) for p in places]
        second = [min(int(np.ceil(p)), source - 1) for p in places]
        share = [float(p - np.float32(f)) for p, f in zip(places, first, strict=True)]
        return FloatBlend(tuple(first), tuple(second), tuple(share))

    def compute(self, values: Values) -> Values:
        (x,), one = values[:1], np.float32(1)
        rows, columns = self.rows, self.columns
        lower = np.array(rows.share, np.float32)[:, None, None]
        right = np.array(columns.share, np.float32)[:, None]

        def at(ys: tuple[int, ...], xs: tuple[int, ...]) -> np.ndarray:
            found: np.ndarray = x[:, np.array(ys)[:, None], np.array(xs)]
            return found

        return (
            at(rows.first, columns.first) * (one - lower) * (one - right)
            + at(rows.second, columns.first) * lower * (one - right)
            + at(rows.first, columns.second) * (one - lower) * right
            + at(rows.second, columns.second) * lower * right,
        )
