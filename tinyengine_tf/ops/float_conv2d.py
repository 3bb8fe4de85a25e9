"""CONV_2D in float32, grouped or dense."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import Op, Tensor, Values
from tinyengine_tf.ops.base import HW, RawOpLike, Reject, operator
from tinyengine_tf.ops.conv2d import ACTIVATION, BATCH_AND_FILTERS, FOUR_DIMENSIONS, GROUPS, operands
from tinyengine_tf.ops.float_clamp import float_clamp
from tinyengine_tf.ops.float_weighted import FLOAT_WEIGHTED, FloatWeighted, sum_of_products
from tinyengine_tf.ops.window import WINDOW_RULES, WindowOp, parse_window


@operator("CONV_2D", needs=2, floats=True)
@dataclass(frozen=True, kw_only=True, eq=False)
class FloatConv2D(WindowOp, FloatWeighted):
    """2-D convolution in float32, NHWC input, OHWI weights, dense or grouped, any stride, dilation and padding."""

    RULES: ClassVar = (FOUR_DIMENSIONS, BATCH_AND_FILTERS, GROUPS, *WINDOW_RULES, ACTIVATION)
    CONSTRAINTS: ClassVar = FLOAT_WEIGHTED

    @property
    def groups(self) -> int:
        return self.input.shape[3] // self.weights.shape[3]

    @property
    def macs(self) -> int:
        return self.output.elements * self.weights.elements // self.weights.shape[0]

    @property
    def is_pointwise(self) -> bool:
        """A product of every pixel with one matrix; padding may follow the image."""
        return self.window.is_pointwise and self.image == self.out_image and self.groups == 1

    def compute(self, values: Values) -> Values:
        x, w, bias = operands(values)
        seen = self.window.patches(x, self.out_image, 0)
        first = np.arange(self.out_channels) // (self.out_channels // self.groups) * w.shape[3]

        def terms() -> Iterator[tuple[np.ndarray, np.ndarray]]:
            for i, j, k in np.ndindex(*w.shape[1:]):
                yield seen[:, :, :, i, j, first + k], w[:, i, j, k]

        return (self.finished(sum_of_products(self.output.shape, terms()), bias),)

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, w, y = inputs[0], inputs[1], outputs[0]
        if x is None or w is None or any(len(t.shape) != 4 for t in (x, w, y)):
            raise Reject(FOUR_DIMENSIONS)
        if y.shape[3] != w.shape[0] or y.shape[0] != x.shape[0]:
            raise Reject(BATCH_AND_FILTERS, f"{x.shape}, {w.shape} -> {y.shape}")
        if x.shape[3] % w.shape[3] or w.shape[0] % (x.shape[3] // w.shape[3]):
            raise Reject(GROUPS, f"{x.shape[3]} channels, weights {w.shape}")
        window = parse_window(raw.options, HW(*w.shape[1:3]), HW(*x.shape[1:3]), HW(*y.shape[1:3]))
        return (cls(inputs=inputs, outputs=outputs, window=window, clamp=float_clamp(raw)),)

    def check(self) -> None:
        self.window.check(self.image, self.out_image)
        if self.weights.shape[1:3] != self.window.kernel:
            raise InvalidIR(f"weights {self.weights.shape} for window {self.window.kernel}", where=self.name)
