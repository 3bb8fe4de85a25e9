"""Arch -> Graph: the operators that the exported file will have, with shapes and without weights.

Scales are stand-ins of the usual size; they decide how a channel is rescaled. Everything
else equals the graph of the exported .tflite: batch norm and ReLU6 are part of the convolutions,
residuals are ADD, the head is MEAN and FULLY_CONNECTED.
"""

from __future__ import annotations

import math
from functools import lru_cache

from nas_keras.families.mbconv.arch import Arch, PlacedBlock
from nas_keras.families.space import HW
from tinyengine_tf.ir import DType, Graph, Op, Quant, Tensor
from tinyengine_tf.ops.base import HW as Size
from tinyengine_tf.ops.binary import Binary
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.ops.reduce import Mean
from tinyengine_tf.ops.window import Window

RELU6 = Quant((6 / 255,), (-128,))
LINEAR = Quant((0.05,), (3,))
WEIGHT_SCALE = 0.005


def build_graph(arch: Arch) -> Graph:
    """The weightless int8 graph of `arch`: one image in, logits out."""
    return _Builder().build(arch)


class _Builder:
    """Appends operators; every tensor is named after the layer that makes it."""

    def __init__(self) -> None:
        self.ops: list[Op] = []

    def build(self, arch: Arch) -> Graph:
        source = Tensor("input", (1, *arch.input_shape), DType.INT8, Quant((1 / 128,), (0,)))
        x = self.conv(source, "stem_conv", arch.stem.kernel, arch.stem.stride, arch.stem.channels, RELU6)
        for index, placed in enumerate(arch.placed()):
            x = self.block(x, placed, f"b{index:02d}")
        pooled = Tensor("pool", (1, arch.features), DType.INT8, LINEAR)
        self.ops.append(Mean(inputs=(x,), outputs=(pooled,), axes=frozenset((1, 2))))
        logits = Tensor("logits", (1, arch.classes), DType.INT8, LINEAR)
        weights = Tensor(
            "logits_weights", (arch.classes, arch.features), DType.INT8, Quant((WEIGHT_SCALE,), (0,)), const=True
        )
        self.ops.append(FullyConnected(inputs=(pooled, weights, _bias(logits, 1)), outputs=(logits,)))
        return Graph("arch", (source,), (logits,), tuple(self.ops))

    def block(self, x: Tensor, placed: PlacedBlock, name: str) -> Tensor:
        block, y = placed.block, x
        if placed.expands:
            y = self.conv(y, f"{name}_expand", (1, 1), (1, 1), block.mid_channels, RELU6)
        y = self.depthwise(y, f"{name}_depthwise", block.kernel, block.stride)
        y = self.conv(y, f"{name}_project", (1, 1), (1, 1), block.out_channels, LINEAR)
        if not placed.residual:
            return y
        total = Tensor(f"{name}_add", x.shape, DType.INT8, Quant((0.07,), (3,)))
        self.ops.append(Binary(inputs=(x, y), outputs=(total,), function="ADD", clamp=(-128, 127)))
        return total

    def conv(self, x: Tensor, name: str, kernel: HW, stride: HW, channels: int, quant: Quant) -> Tensor:
        window, out = same_window(kernel, stride, (x.shape[1], x.shape[2]))
        y = Tensor(name, (1, *out, channels), DType.INT8, quant)
        shape = (channels, *kernel, x.shape[3])
        self.ops.append(
            Conv2D(inputs=(x, _weights(name, shape, 0, quant), _bias(y, channels)), outputs=(y,), window=window)
        )
        return y

    def depthwise(self, x: Tensor, name: str, kernel: HW, stride: int) -> Tensor:
        window, out = same_window(kernel, (stride, stride), (x.shape[1], x.shape[2]))
        channels = x.shape[3]
        y = Tensor(name, (1, *out, channels), DType.INT8, RELU6)
        weights = _weights(name, (1, *kernel, channels), 3, RELU6)
        self.ops.append(DepthwiseConv2D(inputs=(x, weights, _bias(y, channels)), outputs=(y,), window=window))
        return y


@lru_cache(maxsize=10_000)
def same_window(kernel: HW, stride: HW, image: HW) -> tuple[Window, HW]:
    """(window, output rows and columns) of SAME padding, as TensorFlow places it: the smaller half before."""
    out = (math.ceil(image[0] / stride[0]), math.ceil(image[1] / stride[1]))
    before = [max((o - 1) * s + k - n, 0) // 2 for o, s, k, n in zip(out, stride, kernel, image, strict=True)]
    return Window(Size(*kernel), Size(*stride), pad_top=before[0], pad_left=before[1]), out


def _weights(name: str, shape: tuple[int, ...], axis: int, output: Quant) -> Tensor:
    """int8 weights with one scale per channel."""
    quant = _weight_quant(shape[axis], axis, output is RELU6)
    return Tensor(f"{name}_weights", shape, DType.INT8, quant, const=True)


@lru_cache(maxsize=10_000)
def _weight_quant(channels: int, axis: int, alike: bool) -> Quant:
    """The compiler needs shorter tables where all channels are shifted alike. It brings that about in layers with
    ReLU6; elsewhere trained channels differ, and so do the scales here."""
    spread = [0.0 if alike else i * 7 % 16 / 8 - 1 for i in range(channels)]
    return Quant(tuple(WEIGHT_SCALE * 2**s for s in spread), (0,) * channels, axis)


def _bias(output: Tensor, scales: int) -> Tensor:
    return Tensor(f"{output.name}_bias", output.shape[-1:], DType.INT32, _bias_quant(scales), const=True)


@lru_cache(maxsize=10_000)
def _bias_quant(scales: int) -> Quant:
    return Quant((1e-4,) * scales, (0,) * scales)
