"""Layers of int16 activations and int8 weights: those of int8, with 8 more bits below."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tinyengine_tf.calibrate.kinds.products import transpose_conv
from tinyengine_tf.calibrate.layers import Maker, Sampler
from tinyengine_tf.ir import DType, Op, Quant, Tensor
from tinyengine_tf.ops.base import HW
from tinyengine_tf.ops.pool2d import AveragePool2D, MaxPool2D

MORE_BITS = 8
CLAMPS = ((-(2**15), 2**15 - 1), (0, 2**15 - 1))


def kinds(s: Sampler) -> Iterator[tuple[float, Maker]]:
    yield 0.8, lambda: widened(s, s.dense(HW(1, 1), 1, s.channels()))
    yield from ((0.4, lambda k=k: widened(s, s.dense(HW(3, 3), k, s.pick(1, 3, 4, 8, 16, 24)))) for k in (1, 2))
    yield 0.6, lambda: widened(s, s.fully_connected())
    yield from ((0.3, lambda k=k, t=t: widened(s, s.depthwise(k, t))) for k in (3, 5) for t in (1, 2))
    yield 0.6, lambda: widened(s, transpose_conv(s))
    yield from (
        (0.5, lambda c=c, g=g: widened(s, s.pool(c, g))) for c in (AveragePool2D, MaxPool2D) for g in (False, True)
    )


def widened(s: Sampler, op: Op) -> Op:
    """The same layer of 16-bit activations; the weights stay, biases are 64 bits wide."""
    constants = [t if t is None or t.dtype is not DType.INT32 else wider_bias(t) for t in op.inputs[1:]]
    return replace(
        op, inputs=(wider(s, op.input), *constants), outputs=(wider(s, op.output),), clamp=CLAMPS[s.pick(0, 0, 1)]
    )  # type: ignore[call-arg]


def wider(s: Sampler, t: Tensor) -> Tensor:
    return Tensor(f"w{s.number()}", t.shape, DType.INT16, Quant((t.scale / 2**MORE_BITS,), (0,)))


def wider_bias(t: Tensor) -> Tensor:
    return replace(t, dtype=DType.INT64, data=t.values.astype(np.int64) << MORE_BITS)
