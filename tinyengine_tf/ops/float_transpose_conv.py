"""TRANSPOSE_CONV in float32: every input pixel, in order, adds its filters to a patch of the output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import Op, Tensor, Values
from tinyengine_tf.ops.base import HW, RawOpLike, Reject, operator
from tinyengine_tf.ops.conv2d import ACTIVATION, BATCH_AND_FILTERS, FOUR_DIMENSIONS, operands
from tinyengine_tf.ops.float_clamp import float_clamp
from tinyengine_tf.ops.float_weighted import FLOAT_WEIGHTED, FloatWeighted
from tinyengine_tf.ops.transpose_conv import transposed_window
from tinyengine_tf.ops.window import WINDOW_SIZES, Window


@operator("TRANSPOSE_CONV", needs=3, floats=True)
@dataclass(frozen=True, kw_only=True, eq=False)
class FloatTransposeConv(FloatWeighted):
    """Transposed 2-D convolution in float32, NHWC input, OHWI weights, any stride; bias may be absent.

    window    the convolution this is the transpose of: output pixel = input pixel * stride - padding + tap
    """

    RULES: ClassVar = (FOUR_DIMENSIONS, BATCH_AND_FILTERS, WINDOW_SIZES, ACTIVATION)
    CONSTRAINTS: ClassVar = FLOAT_WEIGHTED

    window: Window

    @property
    def macs(self) -> int:
        return self.input.elements * self.weights.elements // self.weights.shape[3]

    def compute(self, values: Values) -> Values:
        x, w, bias = operands(values)
        window, (n, rows, columns, depth), (_, height, width, channels) = (
            self.window,
            self.input.shape,
            self.output.shape,
        )
        reach = HW((rows - 1) * window.stride.h + 1, (columns - 1) * window.stride.w + 1)  # from first to last pixel
        top, left = window.pad_top, window.pad_left
        size = max(reach.h + window.kernel.h, top + height), max(reach.w + window.kernel.w, left + width)
        sums = np.zeros((n, *size, channels), np.float32)
        with np.errstate(all="ignore"):
            # An output's earlier input pixels are those that reach it with later taps.
            for i, j in reversed(list(np.ndindex(*window.kernel))):
                reached = sums[:, i : i + reach.h : window.stride.h, j : j + reach.w : window.stride.w]
                for k in range(depth):
                    reached += x[..., k, None] * w[:, i, j, k]
        return (self.finished(sums[:, top : top + height, left : left + width], bias),)

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        w, x, y = inputs[1], inputs[2], outputs[0]
        if x is None or w is None or any(len(t.shape) != 4 for t in (x, w, y)):
            raise Reject(FOUR_DIMENSIONS, f"{x}, {w} -> {y}")
        if (y.shape[0], y.shape[3], x.shape[3]) != (x.shape[0], w.shape[0], w.shape[3]):
            raise Reject(BATCH_AND_FILTERS, f"{x.shape}, {w.shape} -> {y.shape}")
        window = transposed_window(raw, w, y)
        return (cls(inputs=(x, w, *inputs[3:4]), outputs=outputs, window=window, clamp=float_clamp(raw)),)

    def check(self) -> None:
        if self.weights.shape[1:3] != self.window.kernel or self.window.dilation != (1, 1):
            raise InvalidIR(f"weights {self.weights.shape} for window {self.window}", where=self.name)
