"""Random float32 networks in every schedule and on every core: equal to TFLM bit for bit, but for the C library."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from tests.exact import assert_exact
from tests.modelgen import ModelBuilder
from tinyengine_tf import api
from tinyengine_tf.errors import DoesNotFitError, UnsupportedError
from tinyengine_tf.schedule import Goal

ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")


class FloatNetwork:
    """A network under construction: `at` is the newest tensor, of `shape`."""

    def __init__(self, seed: int):
        self.rng, self.values = random.Random(seed), np.random.default_rng(seed)
        self.b = ModelBuilder(f"float{seed}")
        self.shape = (1, self.rng.randint(5, 12), self.rng.randint(4, 9), self.rng.randint(1, 4))
        self.at = self.b.input(self.shape, "FLOAT32")
        self.by_shape = {self.shape: [self.at]}

    def const(self, *shape: int) -> int:
        return self.b.const(self.values.normal(0.0, 0.5, shape).astype(np.float32))

    def add(self, opcode: str, inputs: list[int], shape: tuple[int, ...], **options: Any) -> None:
        y = self.b.tensor(shape, "FLOAT32")
        self.b.op(opcode, inputs, [y], **options)
        self.at, self.shape = y, shape
        self.by_shape.setdefault(shape, []).append(y)

    def activation(self) -> dict[str, str]:
        return {"fused_activation_function": self.rng.choice(ACTIVATIONS)}

    def window(self, most: int) -> tuple[tuple[int, int], tuple[int, int], dict[str, Any]]:
        """(kernel, rows and columns of the output, options)."""
        kernel = tuple(min(self.rng.randint(1, most), n) for n in self.shape[1:3])
        stride, padding = self.rng.choice((1, 1, 2)), self.rng.choice(("SAME", "VALID"))
        sizes = [
            -(-n // stride) if padding == "SAME" else -(-(n - k + 1) // stride)
            for n, k in zip(self.shape[1:3], kernel, strict=True)
        ]
        options = {"padding": padding, "stride_h": stride, "stride_w": stride}
        return (kernel[0], kernel[1]), (sizes[0], sizes[1]), options

    def conv(self) -> None:
        kernel, size, options = self.window(3)
        filters = self.rng.randint(1, 6)
        inputs = [self.at, self.const(filters, *kernel, self.shape[3]), self.const(filters)]
        self.add("CONV_2D", inputs, (1, *size, filters), **options, **self.activation())

    def depthwise(self) -> None:
        kernel, size, options = self.window(3)
        inputs = [self.at, self.const(1, *kernel, self.shape[3]), self.const(self.shape[3])]
        options |= self.activation()
        self.add("DEPTHWISE_CONV_2D", inputs, (1, *size, self.shape[3]), depth_multiplier=1, **options)

    def pool(self) -> None:
        kernel, size, options = self.window(3)
        options |= {"filter_height": kernel[0], "filter_width": kernel[1], **self.activation()}
        self.add(self.rng.choice(("AVERAGE_POOL_2D", "MAX_POOL_2D")), [self.at], (1, *size, self.shape[3]), **options)

    def binary(self) -> None:
        other = self.rng.choice([*self.by_shape[self.shape], self.const(self.shape[3])])
        self.add(self.rng.choice(("ADD", "SUB", "MUL")), [self.at, other], self.shape, **self.activation())

    def unary(self) -> None:
        self.add(self.rng.choice(("RELU", "HARD_SWISH", "ABS", "SQUARE", "NEG")), [self.at], self.shape)

    def pad(self) -> None:
        before, after = ([0, *(self.rng.randint(0, 2) for _ in "hw"), 0] for _ in "ab")
        amounts = np.array([before, after], np.int32).T.copy()
        shape = tuple(n + b + a for n, b, a in zip(self.shape, before, after, strict=True))
        self.add("PAD", [self.at, self.b.const(amounts)], shape)

    def concatenate(self) -> None:
        other = self.rng.choice(self.by_shape[self.shape])
        shape = (*self.shape[:3], 2 * self.shape[3])
        self.add("CONCATENATION", [self.at, other], shape, axis=3, fused_activation_function="NONE")

    def resize(self) -> None:
        size = (min(self.shape[1] * 2, 14), min(self.shape[2] + 1, 10))
        opcode = self.rng.choice(("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"))
        options = {"align_corners": False, "half_pixel_centers": self.rng.random() < 0.5}
        shape = (1, *size, self.shape[3])
        self.add(opcode, [self.at, self.b.const(np.array(size, np.int32))], shape, version=3, **options)

    def transpose_conv(self) -> None:
        filters, (h, w) = self.rng.randint(1, 3), (2 * n for n in self.shape[1:3])
        if h * w > 200:
            return
        size = self.b.const(np.array((1, h, w, filters), np.int32))
        options = {"padding": "SAME", "stride_h": 2, "stride_w": 2, "fused_activation_function": "NONE"}
        inputs = [size, self.const(filters, 3, 3, self.shape[3]), self.at]
        self.add("TRANSPOSE_CONV", inputs, (1, h, w, filters), version=3, **options)

    def model(self) -> bytes:
        layers = (self.conv, self.conv, self.conv, self.depthwise, self.depthwise, self.pool, self.binary, self.unary)
        layers += (self.pad, self.concatenate, self.resize, self.transpose_conv)
        for _ in range(self.rng.randint(3, 8)):
            self.rng.choice(layers)()
        if self.rng.random() < 0.5:
            axes = self.b.const(np.array((1, 2), np.int32))
            self.add("MEAN", [self.at, axes], (1, self.shape[3]), keep_dims=False)
            self.add("FULLY_CONNECTED", [self.at, self.const(5, self.shape[1]), self.const(5)], (1, 5), version=4)
        self.b.output(self.at)
        return self.b.finish()


@pytest.mark.parametrize("seed", range(16))
def test_in_every_schedule(seed: int) -> None:
    model = FloatNetwork(seed).model()
    assert_exact(model, count=2)
    assert_exact(model, count=1, goal=Goal(optimize="ram"))
    for feed in ("rows", "image"):
        try:
            assert_exact(model, count=1, goal=Goal(optimize="ram", feed=feed))
        except (UnsupportedError, DoesNotFitError):
            pass  # no layer reads the input by rows


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m55", "cortex-m0plus", "riscv32"])
def test_on_cores(core: str) -> None:
    result = api.verify(FloatNetwork(3).model(), target=core, count=2, layers=True, optimize="ram")
    assert result.exact and result.layers_compared, str(result.difference)
