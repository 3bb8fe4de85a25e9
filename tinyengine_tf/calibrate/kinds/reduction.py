"""Layers that make one value of many, along any dimensions."""

from __future__ import annotations

from collections.abc import Iterator

from tinyengine_tf.calibrate.layers import Maker, Sampler
from tinyengine_tf.ir import DType, Op, Quant, Tensor
from tinyengine_tf.ops.arg_extreme import ArgExtreme
from tinyengine_tf.ops.l2_normalization import L2Normalization
from tinyengine_tf.ops.log_softmax import LogSoftmax
from tinyengine_tf.ops.reduce import ReduceMax, ReduceMin
from tinyengine_tf.ops.running_sum import CumSum

AXES = ((1, 2), (1,), (2,), (3,), (1, 2, 3), (2, 3))


def kinds(s: Sampler) -> Iterator[tuple[float, Maker]]:
    yield from ((0.8, lambda m=m: m(s)) for m in (arg_extreme, cumsum, reduce_extreme))
    yield from ((0.6, lambda m=m: m(s)) for m in (l2_normalization, log_softmax))


def arg_extreme(s: Sampler) -> Op:
    shape, axis = s.small_shape(), s.pick(1, 2, 3, 3)
    x = s.activation(shape, (DType.INT8, DType.INT8, DType.FLOAT32)[s.pick(0, 1, 2)])
    out = Tensor(f"r{s.number()}", (*shape[:axis], *shape[axis + 1 :]), DType.INT32)
    return ArgExtreme(inputs=(x,), outputs=(out,), axis=axis, largest=bool(s.pick(0, 1)))


def cumsum(s: Sampler) -> Op:
    shape, axis = s.small_shape(), s.pick(1, 2, 3, 3)
    axis = axis if shape[axis] > 1 else max(range(4), key=lambda i: shape[i])
    x = s.activation(shape, (DType.INT8, DType.INT8, DType.FLOAT32)[s.pick(0, 1, 2)])
    quant = x.quant and Quant((x.scale * 4,), (0,))
    exclusive, reverse = bool(s.pick(0, 0, 1)), bool(s.pick(0, 0, 1))
    out = Tensor(f"r{s.number()}", shape, x.dtype, quant)
    return CumSum(inputs=(x,), outputs=(out,), axis=axis, exclusive=exclusive, reverse=reverse)


def reduce_extreme(s: Sampler) -> Op:
    shape, axes = s.small_shape(), frozenset(AXES[s.pick(*range(len(AXES)))])
    x = s.activation(shape)
    kept = tuple(1 if i in axes else n for i, n in enumerate(shape))
    out = Tensor(f"r{s.number()}", kept, x.dtype, x.quant)
    return (ReduceMax, ReduceMin)[s.pick(0, 1)](inputs=(x,), outputs=(out,), axes=axes)


def vectors(s: Sampler) -> tuple[int, int]:
    return s.pick(1, 1, 2, 5), s.pick(2, 3, 5, 10, 12, 24, 35, 64, 100)


def l2_normalization(s: Sampler) -> Op:
    x = s.activation(vectors(s))
    out = Tensor(f"r{s.number()}", x.shape, x.dtype, Quant((1 / 128,), (0,)))
    return L2Normalization(inputs=(x,), outputs=(out,))


def log_softmax(s: Sampler) -> Op:
    x = s.activation(vectors(s), scale=(0.02, 0.05, 0.1, 0.2, 0.4)[s.pick(*range(5))])
    return LogSoftmax(inputs=(x,), outputs=(Tensor(f"r{s.number()}", x.shape, x.dtype, Quant((1 / 16,), (127,))),))
