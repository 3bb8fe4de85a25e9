"""AVERAGE_POOL_2D and MAX_POOL_2D in float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import Op, Tensor, Values
from tinyengine_tf.ops.base import HW, RawOpLike, Reject, operator
from tinyengine_tf.ops.conv2d import ACTIVATION
from tinyengine_tf.ops.float_clamp import FLOAT_MAX, NO_CLAMP, FloatRange, float_clamp, limited
from tinyengine_tf.ops.float_weighted import ALL_FLOAT
from tinyengine_tf.ops.pool2d import BATCH_AND_CHANNELS, FOUR_DIMENSIONS
from tinyengine_tf.ops.window import WINDOW_RULES, WindowOp, parse_window


@dataclass(frozen=True, kw_only=True, eq=False)
class FloatPool2D(WindowOp):
    """What both pools share. Padding takes no part in a window.

    clamp    fused activation as a range, inclusive
    """

    RULES: ClassVar = (FOUR_DIMENSIONS, BATCH_AND_CHANNELS, *WINDOW_RULES, ACTIVATION)
    CONSTRAINTS: ClassVar = (ALL_FLOAT,)

    clamp: FloatRange = NO_CLAMP

    @property
    def variant(self) -> str:
        return self.window.kind

    def work(self) -> dict[str, float]:
        """`tap`: pixels of all windows; `line`: values of their rows."""
        found, kernel = super().work(), self.window.kernel
        taps = kernel.h * kernel.w
        return found | {"read": found["out"] * taps, "tap": found["pixel"] * taps, "line": found["out"] * kernel.h}

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, y = inputs[0], outputs[0]
        if x is None or len(x.shape) != 4 or len(y.shape) != 4:
            raise Reject(FOUR_DIMENSIONS, f"{x} -> {y}")
        if (x.shape[0], x.shape[3]) != (y.shape[0], y.shape[3]):
            raise Reject(BATCH_AND_CHANNELS, f"{x} -> {y}")
        kernel = HW(raw.options["filter_height"], raw.options["filter_width"])
        window = parse_window(raw.options, kernel, HW(*x.shape[1:3]), HW(*y.shape[1:3]))
        return (cls(inputs=(x,), outputs=outputs, window=window, clamp=float_clamp(raw)),)

    def check(self) -> None:
        self.window.check(self.image, self.out_image)
        if self.window.dilation != (1, 1):
            raise InvalidIR("a pool has no dilation", where=self.name)


@operator("AVERAGE_POOL_2D", floats=True)
@dataclass(frozen=True, kw_only=True, eq=False)
class FloatAveragePool2D(FloatPool2D):
    """Mean of the window's float32 pixels inside the image: their sum, row by row, divided by their count."""

    def compute(self, values: Values) -> Values:
        (x,) = values
        seen = self.window.patches(x, self.out_image, 0)
        count = self.window.patches(np.ones_like(x, np.float32), self.out_image, 0).sum(axis=(3, 4))
        sums = np.zeros(self.output.shape, np.float32)
        with np.errstate(all="ignore"):
            for i, j in np.ndindex(*self.window.kernel):
                sums += seen[:, :, :, i, j]
            return (limited(sums / count, self.clamp),)


@operator("MAX_POOL_2D", floats=True)
@dataclass(frozen=True, kw_only=True, eq=False)
class FloatMaxPool2D(FloatPool2D):
    """Largest of the window's float32 pixels inside the image."""

    def compute(self, values: Values) -> Values:
        seen = self.window.patches(values[0], self.out_image, -FLOAT_MAX)
        best = np.full(self.output.shape, -FLOAT_MAX, np.float32)
        for i, j in np.ndindex(*self.window.kernel):
            best = np.where(best < seen[:, :, :, i, j], seen[:, :, :, i, j], best)
        return (limited(best, self.clamp),)
