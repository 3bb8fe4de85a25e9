"""Random networks whose layers can run row by row, as .tflite files.

A network is a chain of blocks over NHWC images, each drawn at random: convolutions of every geometry, depthwise
and pointwise ones, residual additions, branches that meet again, pools, a head. Operators that the converter
does not know are not drawn, so the same generator serves while operators are being added.

All activations have one scale, so that any two can be added, and weights are scaled to keep values spread.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.modelgen import ModelBuilder
from tinyengine_tf.ops.base import REGISTRY

Image = tuple[int, int, int]
SCALE = 0.05


class NetworkBuilder:
    """Draws blocks with one random generator and appends them to a model.

    at          index of the current tensor in the file
    image       its rows, columns, channels
    zero_point  and its zero point
    """

    def __init__(self, seed: int, image: Image | None = None):
        self.rng = np.random.default_rng(seed)
        self.model = ModelBuilder(f"random{seed}")
        self.image = image or (self.pick(5, 20), self.pick(3, 12), self.pick(1, 5))
        self.zero_point = -4
        self.at = self.model.input((1, *self.image), scale=SCALE, zero_point=self.zero_point)

    def pick(self, low: int, high: int) -> int:
        """An integer in [low, high)."""
        return int(self.rng.integers(low, high))

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def push(
        self, opcode: str, inputs: list[int | None], image: Image, zero_point: int | None = None, **options: Any
    ) -> None:
        """Append an operator whose output becomes the current tensor."""
        self.zero_point = self.pick(-9, 10) if zero_point is None else zero_point
        self.at, self.image = self.model.tensor((1, *image), scale=SCALE, zero_point=self.zero_point), image
        self.model.op(opcode, inputs, [self.at], **options)

    def conv(
        self,
        channels: int,
        kernel: tuple[int, int] = (3, 3),
        stride: int = 1,
        dilation: int = 1,
        same: bool = True,
        depthwise: bool = False,
        zero_point: int | None = None,
    ) -> None:
        """A dense convolution to `channels`, or a depthwise one with that multiplier."""
        rows, columns, depth = self.image
        extent = [(k - 1) * dilation + 1 for k in kernel]
        same = same or any(e > n for e, n in zip(extent, (rows, columns), strict=True))
        h, w = (
            -(-n // stride) if same else -(-(n - e + 1) // stride) for n, e in zip((rows, columns), extent, strict=True)
        )
        out = depth * channels if depthwise else channels
        taps = kernel[0] * kernel[1] * (1 if depthwise else depth)
        filters = self.rng.integers(-127, 128, (1, *kernel, out) if depthwise else (out, *kernel, depth)).astype(
            np.int8
        )
        scales = (self.rng.uniform(0.6, 1.4, out) / (75 * taps**0.5)).astype(np.float32)
        weights = self.model.const(filters, scales=list(map(float, scales)), axis=3 if depthwise else 0)
        bias = self.model.const(self.rng.integers(-900, 900, out).astype(np.int32), scale=1.0)
        self.push(
            "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D",
            [self.at, weights, bias],
            (h, w, out),
            zero_point,
            padding="SAME" if same else "VALID",
            stride_h=stride,
            stride_w=stride,
            dilation_h_factor=dilation,
            dilation_w_factor=dilation,
            fused_activation_function="RELU" if self.chance(0.3) else "NONE",
            **({"depth_multiplier": channels} if depthwise else {}),
        )

    def any_conv(self) -> None:
        stride = self.pick(1, 4) if min(self.image[:2]) > 3 else 1
        dilation = 1 if stride > 1 else self.pick(1, 4)
        self.conv(self.pick(1, 9), (self.pick(1, 6), self.pick(1, 5)), stride, dilation, self.chance(0.7))

    def any_depthwise(self) -> None:
        stride = self.pick(1, 3) if min(self.image[:2]) > 3 else 1
        dilation = 1 if stride > 1 else self.pick(1, 3)
        multiplier = self.pick(1, 3) if self.image[2] < 6 else 1
        self.conv(multiplier, (self.pick(1, 6), self.pick(1, 5)), stride, dilation, self.chance(0.7), depthwise=True)

    def pointwise(self) -> None:
        self.conv(self.pick(1, 13), (1, 1))

    def add(self, other: int) -> None:
        """The sum of the current tensor and another of its shape."""
        self.push("ADD", [other, self.at], self.image, fused_activation_function="RELU" if self.chance(0.3) else "NONE")

    def inverted_residual(self) -> None:
        """1x1, depthwise, 1x1, and where shapes allow the sum with what came in."""
        start, image = self.at, self.image
        stride = self.pick(1, 3) if min(image[:2]) > 3 else 1
        self.conv(image[2] * self.pick(1, 4), (1, 1))
        self.conv(1, (3, 3), stride, depthwise=True)
        self.conv(image[2] if stride == 1 else self.pick(2, 7), (1, 1))
        if self.image == image and "ADD" in REGISTRY:
            self.add(start)

    def residual(self) -> None:
        """Two convolutions and a shortcut that is bare or a 1x1 convolution of the same stride."""
        start, image, channels = self.at, self.image, self.pick(2, 7)
        stride = self.pick(1, 3) if min(image[:2]) > 3 else 1
        self.conv(channels, (3, 3), stride)
        self.conv(channels, (self.pick(1, 4), 3))
        main = self.at
        self.at, self.image = start, image
        if stride > 1 or channels != image[2]:
            self.conv(channels, (1, 1), stride)
        self.add(main)

    def branches(self) -> None:
        """Two branches of different reach, computed one after the other, then added."""
        start, image, channels = self.at, self.image, self.pick(1, 6)
        self.conv(channels, (self.pick(1, 5), 3))
        if self.chance(0.5):
            self.conv(channels, (3, 1))
        left = self.at
        self.at, self.image = start, image
        self.conv(channels, (self.pick(1, 6), 1), dilation=self.pick(1, 3))
        self.add(left)

    def pool(self) -> None:
        stride, kernel = self.pick(1, 3), (self.pick(1, 4), self.pick(1, 4))
        rows, columns, depth = self.image
        self.push(
            "MAX_POOL_2D" if self.chance(0.5) else "AVERAGE_POOL_2D",
            [self.at],
            (-(-rows // stride), -(-columns // stride), depth),
            zero_point=self.zero_point,
            padding="SAME",
            stride_h=stride,
            stride_w=stride,
            filter_height=kernel[0],
            filter_width=kernel[1],
            fused_activation_function="NONE",
        )

    def pad(self) -> None:
        amounts = [(0, 0), (self.pick(0, 3), self.pick(0, 3)), (self.pick(0, 2), self.pick(0, 2)), (0, 0)]
        rows, columns, depth = self.image
        image = (rows + sum(amounts[1]), columns + sum(amounts[2]), depth)
        self.push("PAD", [self.at, self.model.const(np.array(amounts, np.int32))], image, zero_point=self.zero_point)

    def concat(self) -> None:
        """Two branches side by side in the channels."""
        start, image = self.at, self.image
        self.conv(self.pick(1, 5), (3, 3))
        left, zero_point, channels = self.at, self.zero_point, self.image[2]
        self.at, self.image = start, image
        self.conv(self.pick(1, 5), (1, 1), zero_point=zero_point)
        channels += self.image[2]
        self.push("CONCATENATION", [left, self.at], (*image[:2], channels), zero_point=zero_point, axis=3)

    def block(self) -> None:
        """One block at random, of those whose operators exist."""
        draws = {
            self.any_conv: "CONV_2D",
            self.any_depthwise: "DEPTHWISE_CONV_2D",
            self.pointwise: "CONV_2D",
            self.inverted_residual: "CONV_2D",
            self.residual: "ADD",
            self.branches: "ADD",
            self.pool: "MAX_POOL_2D",
            self.pad: "PAD",
            self.concat: "CONCATENATION",
        }
        known = [draw for draw, opcode in draws.items() if opcode in REGISTRY]
        known[self.pick(0, len(known))]()

    def head(self) -> None:
        """What comes after the images: a mean over them, or all their values, into a fully-connected layer."""
        features = int(np.prod(self.image))
        if "MEAN" in REGISTRY and self.chance(0.5):
            axes = self.model.const(np.array([1, 2], np.int32))
            self.push("MEAN", [self.at, axes], (1, 1, self.image[2]), keep_dims=True)
            features = self.image[2]
        flat = self.model.tensor((1, features), scale=SCALE, zero_point=self.zero_point)
        self.model.op("RESHAPE", [self.at, None], [flat], new_shape=[1, features])
        values = self.rng.integers(-127, 128, (3, features)).astype(np.int8)
        weights = self.model.const(values, scale=float(np.float32(1 / (75 * features**0.5))))
        self.at = self.model.tensor((1, 3), scale=SCALE, zero_point=1)
        self.model.op("FULLY_CONNECTED", [flat, weights, None], [self.at], version=4, fused_activation_function="NONE")

    def finish(self) -> bytes:
        self.model.output(self.at)
        return self.model.finish()


def random_network(seed: int, blocks: int | None = None, image: Image | None = None) -> bytes:
    """A network of one to six blocks, with a head every other time."""
    network = NetworkBuilder(seed, image)
    for _ in range(blocks or network.pick(1, 7)):
        network.block()
    if network.chance(0.5):
        network.head()
    return network.finish()
