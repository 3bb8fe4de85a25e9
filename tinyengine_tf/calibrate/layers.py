"""Random layers of the kinds and sizes that small networks have, to measure kernels on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from tinyengine_tf.ir import DType, Op, Quant, Tensor
from tinyengine_tf.ops.base import HW
from tinyengine_tf.ops.binary import Binary
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.ops.lookup import Lookup
from tinyengine_tf.ops.lstm import GATE_SCALE, GATES, Lstm
from tinyengine_tf.ops.pool2d import AveragePool2D, MaxPool2D
from tinyengine_tf.ops.quantize import Dequantize, Quantize
from tinyengine_tf.ops.recurrent import updated
from tinyengine_tf.ops.reduce import Mean
from tinyengine_tf.ops.softmax import Softmax
from tinyengine_tf.ops.svdf import Svdf
from tinyengine_tf.ops.window import Window

CHANNELS = (4, 8, 12, 16, 20, 24, 32, 40, 48, 60, 64, 80, 96, 112, 128, 160, 192, 256, 5, 11, 14, 27, 33, 47, 61)
SIDES = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32, 48)
SPREAD = 40.0
"""Noise makes sums of n products about SPREAD * 64 * sqrt(n) wide."""

Maker = Callable[[], Op]


class Sampler:
    """Draws operators with constants; equal seeds draw equal ones."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)
        self._count = 0

    def pick(self, *choices: int) -> int:
        return int(self.rng.choice(choices))

    def activation(
        self, shape: Sequence[int], dtype: DType = DType.INT8, scale: float = 0.0, zero: int | None = None
    ) -> Tensor:
        zero = int(self.rng.integers(-128, 100)) if zero is None else zero
        quant = Quant((float(np.float32(scale or self.rng.uniform(0.02, 0.1))),), (zero,))
        return Tensor(f"t{self.number()}", tuple(shape), dtype, None if dtype is DType.FLOAT32 else quant)

    def weights(self, shape: Sequence[int], channels: int, axis: int) -> Tensor:
        """Weights scaled per channel or, seldom, per tensor; like trained ones, most are far below the largest."""
        data = np.clip(np.round(self.rng.normal(0, 35, shape)), -127, 127).astype(np.int8)
        n = 1 if self.pick(0, 1, 2, 3) == 0 else channels
        scales = tuple(float(np.float32(s)) for s in self.rng.uniform(0.002, 0.01, n))
        return Tensor("w", tuple(shape), DType.INT8, Quant(scales, (0,) * n, axis), True, data)

    def bias(self, channels: int) -> Tensor:
        return Tensor(
            "b", (channels,), DType.INT32, None, True, self.rng.integers(-2000, 2001, channels).astype(np.int32)
        )

    def number(self) -> int:
        """Another one each time, for names."""
        self._count += 1
        return self._count

    def small_shape(self) -> tuple[int, int, int, int]:
        """Of an image whose elements are worked on one by one."""
        return 1, self.pick(1, 2, 3, 4), self.pick(1, 2, 3, 4, 6, 8), self.pick(1, 2, 3, 4, 5, 7, 8, 10, 16, 20, 24, 33)

    def image(self) -> tuple[int, int]:
        """Height and width. Heights repeat what widths do: they are small."""
        return self.pick(1, 2, 3, 4, 5), self.pick(*SIDES)

    def channels(self) -> int:
        return self.pick(*CHANNELS)

    def weighted(self, make: Callable[..., Op], x: Tensor, w: Tensor, out_shape: Sequence[int], depth: int) -> Op:
        """A layer with an output scale that spreads sums over int8, and one of the usual kinds of clamp."""
        assert w.quant is not None
        zero, clamp = [
            (-128, (-128, 127)),
            (int(self.rng.integers(-40, 40)), (-128, 127)),
            (-128, (-128, 90)),
            (-20, (-20, 127)),
        ][int(self.rng.choice(4, p=(0.4, 0.4, 0.1, 0.1)))]
        scale = x.scale * float(np.mean(w.quant.scales)) * SPREAD * depth**0.5
        return make(
            inputs=(x, w, self.bias(out_shape[-1])),
            outputs=(self.activation(out_shape, scale=scale, zero=zero),),
            clamp=clamp,
        )

    def window(self, k: HW, h: int, w: int, stride: int) -> tuple[Window, HW]:
        """Padding as SAME does; sometimes none, where the image is large enough."""
        if self.pick(0, 1, 2, 3) == 0 and h >= k.h and w >= k.w:
            return Window(k, HW(stride, stride)), HW((h - k.h) // stride + 1, (w - k.w) // stride + 1)
        out = HW(-(-h // stride), -(-w // stride))
        top, left = (max((o - 1) * stride + n - i, 0) // 2 for o, n, i in zip(out, k, (h, w), strict=True))
        return Window(k, HW(stride, stride), HW(1, 1), top, left), out

    def dense(self, k: HW, stride: int, cin: int) -> Op:
        h, w = self.image()
        cout = self.channels()
        window, out = self.window(k, h, w, stride)
        weights = self.weights((cout, *k, cin), cout, 0)
        return self.weighted(
            lambda **rest: Conv2D(window=window, **rest),
            self.activation((1, h, w, cin)),
            weights,
            (1, *out, cout),
            k.h * k.w * cin,
        )

    def dilated(self) -> Op:
        """A 3x3 window of every other pixel, which no fast kernel takes."""
        (h, w), cin, cout = self.image(), self.channels(), self.channels()
        window = Window(HW(3, 3), HW(1, 1), HW(2, 2), 2, 2)
        return self.weighted(
            lambda **rest: Conv2D(window=window, **rest),
            self.activation((1, h, w, cin)),
            self.weights((cout, 3, 3, cin), cout, 0),
            (1, h, w, cout),
            9 * cin,
        )

    def depthwise(self, k: int, stride: int) -> Op:
        (h, w), c = self.image(), self.channels()
        window, out = self.window(HW(k, k), h, w, stride)
        weights = self.weights((1, k, k, c), c, 3)
        return self.weighted(
            lambda **rest: DepthwiseConv2D(window=window, **rest),
            self.activation((1, h, w, c)),
            weights,
            (1, *out, c),
            k * k,
        )

    def fully_connected(self) -> Op:
        n, m = self.pick(8, 16, 30, 64, 100, 128, 256, 640), self.pick(1, 2, 3, 8, 10, 12, 64, 128)
        return self.weighted(FullyConnected, self.activation((1, n)), self.weights((m, n), m, 0), (1, m), n)

    def add(self) -> Op:
        """As in a residual: scales of one size, now and then saturated."""
        shape = (1, *self.image(), self.channels())
        a = self.activation(shape)
        b = self.activation(shape, scale=a.scale if self.pick(0, 1, 2) == 0 else 0.0)
        zero, clamp = [(-128, (-128, 127)), (3, (-128, 127)), (-128, (-128, 90))][
            int(self.rng.choice(3, p=(0.3, 0.6, 0.1)))
        ]
        return Binary(
            inputs=(a, b),
            outputs=(self.activation(shape, scale=a.scale + b.scale, zero=zero),),
            function="ADD",
            clamp=clamp,
        )

    def scale_channels(self) -> Op:
        shape = (1, *self.image(), self.channels())
        gates = self.activation((1, 1, 1, shape[3]))
        return Binary(
            inputs=(self.activation(shape), gates), outputs=(self.activation(shape),), function="MUL", clamp=(-128, 127)
        )

    def lookup(self) -> Op:
        shape = (1, *self.image(), self.channels())
        table = tuple(int(v) for v in self.rng.integers(-128, 128, 256))
        return Lookup(
            inputs=(self.activation(shape),), outputs=(self.activation(shape),), table=table, function="LOGISTIC"
        )

    def mean(self) -> Op:
        """Over whole images, rows or columns."""
        shape = (1, *self.image(), self.channels())
        axes = [frozenset({1, 2}), frozenset({1}), frozenset({2})][self.pick(0, 0, 1, 2)]
        kept = tuple(n for i, n in enumerate(shape) if i not in axes)
        return Mean(inputs=(self.activation(shape),), outputs=(self.activation(kept),), axes=axes)

    def pool(self, cls: type, whole: bool) -> Op:
        (h, w), c = self.image(), self.channels()
        h, w = (h, w) if whole else (h + 1, w + 1)
        k = HW(h, w) if whole else HW(2, 2)
        out = HW(1, 1) if whole else HW(h // 2, w // 2)
        x, y = self.activation((1, h, w, c)), self.activation((1, *out, c))
        return cls(inputs=(x,), outputs=(Tensor(y.name, y.shape, y.dtype, x.quant),), window=Window(k, HW(2, 2)))

    def softmax(self) -> Op:
        n = self.pick(2, 3, 10, 12, 35, 100)
        y = Tensor(f"s{n}", (1, n), DType.INT8, Quant((1 / 256,), (-128,)))
        return Softmax(inputs=(self.activation((1, n)),), outputs=(y,), beta=1.0)

    def quantize(self) -> Op:
        shape = (1, *self.image(), self.pick(1, 3, 8))
        return Quantize(inputs=(self.activation(shape, DType.FLOAT32),), outputs=(self.activation(shape),))

    def dequantize(self) -> Op:
        shape = (1, *self.image(), self.pick(1, 3, 8))
        return Dequantize(inputs=(self.activation(shape),), outputs=(self.activation(shape, DType.FLOAT32),))

    def constant(self, shape: Sequence[int], most: int, dtype: DType, scale: float) -> Tensor:
        data = self.rng.integers(-most, most + 1, tuple(shape)).astype(dtype.numpy)
        return Tensor("c", tuple(shape), dtype, Quant((scale,), (0,)), True, data)

    def lstm(self) -> Op:
        """Scaled so that noise moves gates over all of their range."""
        steps, features, units = self.pick(1, 4, 10, 28), self.pick(4, 10, 13, 28, 40), self.pick(4, 10, 16, 20, 32)
        hidden, cell = self.activation((1, units), scale=1 / 128), self.activation((1, units), DType.INT16, 2**-12, 0)
        x = self.activation((1, steps, features))
        sources = [(x, features)] * len(GATES) + [(hidden, units)] * len(GATES)
        weights = [
            self.constant((units, n), 127, DType.INT8, GATE_SCALE / (source.scale * n**0.5)) for source, n in sources
        ]
        biases = [self.constant((units,), 2000, DType.INT32, 1e-4) for _ in range(4)]
        return Lstm(
            inputs=(x, *weights, *biases, hidden, cell),
            outputs=(self.activation((1, steps, units)), updated(hidden), updated(cell)),
            time_major=False,
            cell_limits=(-32767, 32767),
        )

    def svdf(self) -> Op:
        features, rank, steps, units = (
            self.pick(8, 16, 40, 64),
            self.pick(1, 2),
            self.pick(2, 8, 10, 32),
            self.pick(4, 16, 40, 64),
        )
        filters = units * rank
        memory = self.activation((1, filters * steps), DType.INT16, 2**-9, 0)
        constants = (
            self.constant((filters, features), 127, DType.INT8, 0.01),
            self.constant((filters, steps), 9000, DType.INT16, 2**-14),
            self.constant((units,), 9000, DType.INT32, 2**-23),
        )
        return Svdf(
            inputs=(self.activation((1, features)), *constants, memory),
            outputs=(self.activation((1, units)), updated(memory)),
            rank=rank,
        )

    def kinds(self) -> Iterator[tuple[float, Maker]]:
        """(weight, maker) per kind of layer: how many of it are drawn, relative to the others."""
        yield 3.0, lambda: self.dense(HW(1, 1), 1, self.channels())
        yield 0.5, lambda: self.dense(HW(1, 1), 2, self.channels())
        yield from ((0.5, lambda s=s, c=c: self.dense(HW(3, 3), s, c)) for s in (1, 2) for c in (1, 3))
        yield from (
            (1.0, lambda k=k, s=s: self.dense(HW(k, k), s, self.pick(*CHANNELS[:16])))
            for k, s in ((3, 1), (3, 2), (5, 1))
        )
        yield 0.5, lambda: self.dense(HW(10, 4), 2, 1)
        yield from ((2.0 if k == 3 else 1.0, lambda k=k, s=s: self.depthwise(k, s)) for k in (3, 5, 7) for s in (1, 2))
        yield 1.5, self.fully_connected
        yield 1.5, self.add
        yield 1.0, self.mean
        yield from (
            (0.5, make) for make in (self.scale_channels, self.lookup, self.softmax, self.quantize, self.dequantize)
        )
        yield from ((0.5, lambda c=c, g=g: self.pool(c, g)) for c in (AveragePool2D, MaxPool2D) for g in (False, True))
        yield 0.5, self.dilated
        yield from ((0.5, make) for make in (self.lstm, self.svdf))

    def bottleneck(self) -> list[Op]:
        """1x1, depthwise, 1x1 behind each other, as a row pipeline runs them."""
        h, w = self.pick(6, 9, 12), self.pick(4, 6, 8, 12, 16)
        cin, mid, cout, k, stride = (
            self.pick(4, 8, 16),
            self.pick(16, 24, 32, 48),
            self.pick(8, 16, 24),
            self.pick(3, 5),
            self.pick(1, 2),
        )
        x = self.activation((1, h, w, cin))
        one = Window(HW(1, 1))
        out = HW(-(-h // stride), -(-w // stride))
        top, left = (max((o - 1) * stride + k - i, 0) // 2 for o, i in zip(out, (h, w), strict=True))
        window = Window(HW(k, k), HW(stride, stride), HW(1, 1), top, left)
        expand = self.weighted(
            lambda **r: Conv2D(window=one, **r), x, self.weights((mid, 1, 1, cin), mid, 0), (1, h, w, mid), cin
        )
        depth = self.weighted(
            lambda **r: DepthwiseConv2D(window=window, **r),
            expand.output,
            self.weights((1, k, k, mid), mid, 3),
            (1, *out, mid),
            k * k,
        )
        project = self.weighted(
            lambda **r: Conv2D(window=one, **r),
            depth.output,
            self.weights((cout, 1, 1, mid), cout, 0),
            (1, *out, cout),
            mid,
        )
        return [expand, depth, project]
