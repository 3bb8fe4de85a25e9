"""TRANSPOSE_CONV: every input pixel adds its filters to a patch of the output."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import DType, Op, Tensor, Values
from tinyengine_tf.ops.base import HW, RawOpLike, Reject, operator
from tinyengine_tf.ops.conv2d import (
    BATCH_AND_FILTERS,
    CLAMP_RULES,
    FOUR_DIMENSIONS,
    WEIGHTED,
    WeightedOp,
    fused_clamp,
    operands,
)
from tinyengine_tf.ops.fixedpoint import integer_matmul
from tinyengine_tf.ops.window import WINDOW_SIZES, Window, check_sizes


@operator("TRANSPOSE_CONV", needs=3)
@dataclass(frozen=True, kw_only=True, eq=False)
class TransposeConv(WeightedOp):
    """Transposed 2-D convolution, NHWC input, OHWI weights, any stride; bias may be absent.

    window    the convolution this is the transpose of: output pixel = input pixel * stride - padding + tap
    """

    RULES: ClassVar = (
        FOUR_DIMENSIONS,
        BATCH_AND_FILTERS,
        WINDOW_SIZES,
        *CLAMP_RULES,
    )

    CHANNEL_AXIS: ClassVar = 0
    BIAS_BESIDE_INT16: ClassVar = (DType.INT64, DType.INT16)
    CONSTRAINTS: ClassVar = WEIGHTED

    window: Window

    @property
    def macs(self) -> int:
        return self.input.elements * self.weights.elements // self.weights.shape[3]

    def work(self) -> dict[str, float]:
        """`mac`, `tap`: products and pixels that filters meet within the output; `turn`: places where they may."""
        rows, columns = (self._met(axis) for axis in (0, 1))
        taps = self.output.shape[0] * rows * columns * self.out_channels
        places = [-(-k // s) for k, s in zip(self.window.kernel, self.window.stride, strict=True)]
        found = {"mac": taps * self.input.depth, "tap": taps, "turn": self.output.elements * math.prod(places)}
        return super().work() | {
            name: float(n) for name, n in (found | {"line": self.output.elements * places[0]}).items()
        }

    def _met(self, axis: int) -> int:
        """Pairs of an input row (axis 0) or column and an output one that a tap joins."""
        window, pad = self.window, (self.window.pad_top, self.window.pad_left)[axis]
        size, out = self.input.shape[1 + axis], self.output.shape[1 + axis]
        starts = [i * window.stride[axis] - pad for i in range(size)]
        return sum(max(min(first + window.kernel[axis], out) - max(first, 0), 0) for first in starts)

    def compute(self, values: Values) -> Values:
        x, w, bias = operands(values)
        x = x.astype(np.int64) - self.input.zero_point
        window, (n, rows, columns, _), (_, height, width, channels) = self.window, self.input.shape, self.output.shape
        reach = HW((rows - 1) * window.stride.h + 1, (columns - 1) * window.stride.w + 1)  # from first to last pixel
        top, left = window.pad_top, window.pad_left
        size = max(reach.h + window.kernel.h, top + height), max(reach.w + window.kernel.w, left + width)
        sums = np.zeros((n, *size, channels), np.int64)
        for i in range(window.kernel.h):
            for j in range(window.kernel.w):
                reached = sums[:, i : i + reach.h : window.stride.h, j : j + reach.w : window.stride.w]
                reached += integer_matmul(x, w[:, i, j].T)
        return (self.requantized(sums[:, top : top + height, left : left + width], bias),)

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        w, x, y = inputs[1], inputs[2], outputs[0]
        bias = inputs[3:4]
        if x is None or w is None or any(len(t.shape) != 4 for t in (x, w, y)):
            raise Reject(FOUR_DIMENSIONS, f"{x}, {w} -> {y}")
        if (y.shape[0], y.shape[3], x.shape[3]) != (x.shape[0], w.shape[0], w.shape[3]):
            raise Reject(BATCH_AND_FILTERS, f"{x.shape}, {w.shape} -> {y.shape}")
        window = transposed_window(raw, w, y)
        return (cls(inputs=(x, w, *bias), outputs=outputs, window=window, clamp=fused_clamp(raw, y)),)

    def check(self) -> None:
        if self.weights.shape[1:3] != self.window.kernel or self.window.dilation != (1, 1):
            raise InvalidIR(f"weights {self.weights.shape} for window {self.window}", where=self.name)


def transposed_window(raw: RawOpLike, weights: Tensor, output: Tensor) -> Window:
    """The window of the convolution that the operator is the transpose of."""
    stride = HW(raw.options["stride_h"], raw.options["stride_w"])
    kernel = HW(*weights.shape[1:3])
    check_sizes(stride=stride, kernel=kernel)
    before = [0, 0]
    if raw.options["padding"] == "SAME":
        steps = zip(output.shape[1:3], stride, kernel, strict=True)
        before = [max((-(-o // s) - 1) * s + k - o, 0) // 2 for o, s, k in steps]
    return Window(kernel, stride, HW(1, 1), before[0], before[1])
