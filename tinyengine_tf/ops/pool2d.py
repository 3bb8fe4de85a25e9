"""AVERAGE_POOL_2D and MAX_POOL_2D: a window moved over rows and columns, channels kept apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import Op, Tensor, Values
from tinyengine_tf.ops.base import ACTIVATIONS, HW, Constraint, RawOpLike, Reject, Rule, operator, whole_range
from tinyengine_tf.ops.conv2d import CLAMP_RULES, fused_clamp
from tinyengine_tf.ops.window import WINDOW_RULES, WindowOp, parse_window

FOUR_DIMENSIONS = Rule("input and output have four dimensions")
BATCH_AND_CHANNELS = Rule("the output has the input's batch and channels")


def keeps_quantization(op: Op) -> bool:
    """TFLM's own test: scales within 1e-6, zero points equal."""
    x, y = op.input, op.output
    return abs(x.scale - y.scale) <= 1e-6 and x.zero_point == y.zero_point


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool2D(WindowOp):
    """What both pools share. Padding takes no part in a window.

    clamp    fused activation as a range of the output's type, inclusive
    """

    RULES: ClassVar = (
        FOUR_DIMENSIONS,
        BATCH_AND_CHANNELS,
        *WINDOW_RULES,
        *CLAMP_RULES,
    )

    CONSTRAINTS: ClassVar = (
        *ACTIVATIONS,
        Constraint("input and output have the same scale and zero point", keeps_quantization),
        Constraint(
            "a window has fewer than 2^16 pixels, so 32-bit sums are exact",
            lambda op: op.window.kernel.h * op.window.kernel.w < 2**16,
            lambda op: f"{op.window.kernel.h}x{op.window.kernel.w}",
        ),
    )

    clamp: tuple[int, int] = (-128, 127)

    @property
    def copies_input(self) -> bool:
        return self.window.is_pointwise and self.image == self.out_image and self.clamp == whole_range(self.output)

    def channelwise(self) -> tuple[Tensor, ...]:
        return (self.input,)

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
        return (cls(inputs=(x,), outputs=outputs, window=window, clamp=fused_clamp(raw, y)),)

    def check(self) -> None:
        self.window.check(self.image, self.out_image)
        if self.window.dilation != (1, 1):
            raise InvalidIR("a pool has no dilation", where=self.name)


@operator("AVERAGE_POOL_2D")
@dataclass(frozen=True, kw_only=True, eq=False)
class AveragePool2D(Pool2D):
    """Mean of the window's pixels inside the image, rounded to nearest, halves away from zero."""

    def compute(self, values: Values) -> Values:
        (x,) = values
        sums = self.window.patches(x.astype(np.int64), self.out_image, 0).sum(axis=(3, 4))
        count = self.window.patches(np.ones_like(x, np.int64), self.out_image, 0).sum(axis=(3, 4))
        return (np.clip(np.sign(sums) * ((np.abs(sums) + count // 2) // count), *self.clamp),)


@operator("MAX_POOL_2D")
@dataclass(frozen=True, kw_only=True, eq=False)
class MaxPool2D(Pool2D):
    """Largest of the window's pixels inside the image."""

    def compute(self, values: Values) -> Values:
        seen = self.window.patches(values[0], self.out_image, whole_range(self.output)[0])
        return (np.clip(seen.max(axis=(3, 4)), *self.clamp),)
