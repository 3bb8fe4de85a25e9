"""DEPTHWISE_CONV_2D: one filter stack per input channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import Op, Tensor, Values
from tinyengine_tf.ops.base import HW, RawOpLike, Reject, operator
from tinyengine_tf.ops.conv2d import WEIGHTED, WeightedOp, fused_clamp, operands
from tinyengine_tf.ops.window import WindowOp, parse_window


@operator("DEPTHWISE_CONV_2D")
@dataclass(frozen=True, kw_only=True, eq=False)
class DepthwiseConv2D(WindowOp, WeightedOp):
    """Depthwise convolution, NHWC input, 1HWC weights, any depth multiplier, stride, dilation and padding.

    Output channel c * multiplier + m is filter m of input channel c.
    """

    CHANNEL_AXIS: ClassVar = 3
    CONSTRAINTS: ClassVar = WEIGHTED

    @property
    def multiplier(self) -> int:
        return self.output.shape[3] // self.input.shape[3]

    @property
    def macs(self) -> int:
        return self.output.elements * self.window.kernel.h * self.window.kernel.w

    def compute(self, values: Values) -> Values:
        x, w, bias = operands(values)
        seen = self.window.patches(x.astype(np.int64) - self.input.zero_point, self.out_image, 0)
        filters = w.astype(np.int64).reshape(*self.window.kernel, self.input.shape[3], self.multiplier)
        sums = np.einsum("nyxhwc,hwcm->nyxcm", seen, filters)
        return (self.requantized(sums.reshape(-1, self.out_channels), bias),)

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, w, y = inputs[0], inputs[1], outputs[0]
        if x is None or w is None or any(len(t.shape) != 4 for t in (x, w, y)):
            raise Reject("input, weights and output have four dimensions")
        if w.shape[0] != 1 or w.shape[3] != y.shape[3] or y.shape[0] != x.shape[0] or y.shape[3] % x.shape[3]:
            raise Reject(
                "weights are 1 x height x width x output channels, a multiple of the input's channels",
                f"{x.shape}, {w.shape} -> {y.shape}",
            )
        window = parse_window(raw.options, HW(*w.shape[1:3]), HW(*x.shape[1:3]), HW(*y.shape[1:3]))
        return (cls(inputs=inputs, outputs=outputs, window=window, clamp=fused_clamp(raw, y)),)

    def check(self) -> None:
        self.window.check(self.image, self.out_image)
        if self.weights.shape[1:3] != self.window.kernel or self.out_channels % self.input.shape[3]:
            raise InvalidIR(f"weights {self.weights.shape} for window {self.window.kernel}", where=self.name)
