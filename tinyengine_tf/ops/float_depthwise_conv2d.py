"""DEPTHWISE_CONV_2D in float32."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR, ModelError
from tinyengine_tf.ir import Op, Tensor, Values
from tinyengine_tf.ops.base import HW, RawOpLike, Reject, operator
from tinyengine_tf.ops.conv2d import ACTIVATION, FOUR_DIMENSIONS, operands
from tinyengine_tf.ops.depthwise_conv2d import MULTIPLE
from tinyengine_tf.ops.float_clamp import float_clamp
from tinyengine_tf.ops.float_weighted import FLOAT_WEIGHTED, FloatWeighted, sum_of_products
from tinyengine_tf.ops.window import WINDOW_RULES, WindowOp, parse_window


@operator("DEPTHWISE_CONV_2D", needs=2, floats=True)
@dataclass(frozen=True, kw_only=True, eq=False)
class FloatDepthwiseConv2D(WindowOp, FloatWeighted):
    """Depthwise convolution in float32, NHWC input, 1HWC weights, any depth multiplier, stride, dilation and padding.

    Output channel c * multiplier + m is filter m of input channel c.
    """

    RULES: ClassVar = (FOUR_DIMENSIONS, MULTIPLE, *WINDOW_RULES, ACTIVATION)
    CONSTRAINTS: ClassVar = FLOAT_WEIGHTED

    @property
    def multiplier(self) -> int:
        return self.output.shape[3] // self.input.shape[3]

    @property
    def macs(self) -> int:
        return self.output.elements * self.window.kernel.h * self.window.kernel.w

    @property
    def variant(self) -> str:
        return self.window.kind

    def compute(self, values: Values) -> Values:
        x, w, bias = operands(values)
        seen = self.window.patches(x, self.out_image, 0)
        channel = np.arange(self.out_channels) // self.multiplier

        def terms() -> Iterator[tuple[np.ndarray, np.ndarray]]:
            for i, j in np.ndindex(*self.window.kernel):
                yield seen[:, :, :, i, j, channel], w[0, i, j]

        return (self.finished(sum_of_products(self.output.shape, terms()), bias),)

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, w, y = inputs[0], inputs[1], outputs[0]
        if x is None or w is None or any(len(t.shape) != 4 for t in (x, w, y)):
            raise Reject(FOUR_DIMENSIONS, f"{x}, {w} -> {y}")
        if w.shape[0] != 1 or w.shape[3] != y.shape[3] or y.shape[0] != x.shape[0] or y.shape[3] % x.shape[3]:
            raise Reject(MULTIPLE, f"{x.shape}, {w.shape} -> {y.shape}")
        if raw.options["depth_multiplier"] * x.shape[3] != y.shape[3]:
            raise ModelError(
                f"depth_multiplier is {raw.options['depth_multiplier']}, but {x.shape[3]} channels become {y.shape[3]}",
                where=f"operator {raw.index} {raw.opcode}",
                hint="TFLM would read and write outside the tensors; export the model again",
            )
        window = parse_window(raw.options, HW(*w.shape[1:3]), HW(*x.shape[1:3]), HW(*y.shape[1:3]))
        return (cls(inputs=inputs, outputs=outputs, window=window, clamp=float_clamp(raw)),)

    def check(self) -> None:
        self.window.check(self.image, self.out_image)
        if self.weights.shape[1:3] != self.window.kernel or self.out_channels % self.input.shape[3]:
            raise InvalidIR(f"weights {self.weights.shape} for window {self.window.kernel}", where=self.name)
