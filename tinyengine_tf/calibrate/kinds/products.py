"""Products that Sampler does not draw: of two tensors, transposed, grouped, with several outputs a channel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tinyengine_tf.calibrate.layers import Maker, Sampler
from tinyengine_tf.ir import Op, Quant
from tinyengine_tf.ops.base import HW
from tinyengine_tf.ops.batch_matmul import BatchMatMul
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.ops.transpose_conv import TransposeConv
from tinyengine_tf.ops.window import Window


def kinds(s: Sampler) -> Iterator[tuple[float, Maker]]:
    yield from ((0.8, lambda m=m: m(s)) for m in (matmul, transpose_conv, asymmetric, several_outputs, grouped))


def matmul(s: Sampler) -> Op:
    stacks, rows = s.pick(1, 1, 2, 3), s.pick(1, 2, 4, 8)
    depth, columns = s.pick(2, 4, 8, 16, 30, 64), s.pick(1, 3, 8, 10)
    adjoint_x, adjoint_y = bool(s.pick(0, 0, 1)), bool(s.pick(0, 1))
    x = s.activation((stacks, depth, rows) if adjoint_x else (stacks, rows, depth))
    y = s.activation((stacks, columns, depth) if adjoint_y else (stacks, depth, columns))
    out = s.activation((stacks, rows, columns), scale=x.scale * y.scale * 40 * depth**0.5)
    return BatchMatMul(inputs=(x, y), outputs=(out,), adjoint_x=adjoint_x, adjoint_y=adjoint_y)


def transpose_conv(s: Sampler) -> Op:
    h, w, cin, cout = s.pick(1, 2, 3, 4), s.pick(2, 3, 4, 6), s.pick(1, 3, 4, 8, 16), s.pick(1, 3, 4, 8)
    k, stride = s.pick(2, 3, 4), s.pick(1, 2)
    k = max(k, stride)
    same = s.pick(0, 1)
    out = (h * stride, w * stride) if same else ((h - 1) * stride + k, (w - 1) * stride + k)
    before = (k - stride) // 2 if same else 0
    window = Window(HW(k, k), HW(stride, stride), HW(1, 1), before, before)
    return s.weighted(
        lambda **rest: TransposeConv(window=window, **rest),
        s.activation((1, h, w, cin)),
        s.weights((cout, k, k, cin), cout, 0),
        (1, *out, cout),
        k * k * cin,
    )


def asymmetric(s: Sampler) -> Op:
    """Weights with a zero point."""
    rows, n, m = s.pick(1, 1, 2, 4), s.pick(4, 8, 16, 30, 64, 100), s.pick(1, 2, 3, 8, 10, 24)
    w = s.weights((m, n), m, 0)
    assert w.quant is not None
    w = replace(w, quant=Quant((w.quant.scales[0],), (s.pick(-9, 5, 30),)))
    return s.weighted(FullyConnected, s.activation((rows, n)), w, (rows, m), n)


def several_outputs(s: Sampler) -> Op:
    """Depthwise with a multiplier."""
    (h, w), c, k, times = s.image(), s.pick(1, 3, 4, 8, 12), s.pick(2, 3, 5), s.pick(2, 3, 4)
    window, out = s.window(HW(k, k), h, w, s.pick(1, 2))
    return s.weighted(
        lambda **rest: DepthwiseConv2D(window=window, **rest),
        s.activation((1, h, w, c)),
        s.weights((1, k, k, c * times), c * times, 3),
        (1, *out, c * times),
        k * k,
    )


def grouped(s: Sampler) -> Op:
    """Convolutions in which each output channel sees a part of the input's."""
    (h, w), groups, depth, filters, k = s.image(), s.pick(2, 4), s.pick(1, 4, 8, 12), s.pick(1, 3, 4), s.pick(1, 3)
    window, out = s.window(HW(k, k), h, w, s.pick(1, 2))
    return s.weighted(
        lambda **rest: Conv2D(window=window, **rest),
        s.activation((1, h, w, groups * depth)),
        s.weights((groups * filters, k, k, depth), groups * filters, 0),
        (1, *out, groups * filters),
        k * k * depth,
    )
