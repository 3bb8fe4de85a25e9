"""Layers whose weights have four bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tinyengine_tf.calibrate.kinds.products import grouped, several_outputs
from tinyengine_tf.calibrate.layers import Maker, Sampler
from tinyengine_tf.ir import DType, Op, Quant
from tinyengine_tf.ops.base import HW
from tinyengine_tf.ops.conv2d import WeightedOp

NARROWER = 16
"""By how much weights shrink, and the scale of what is summed."""


def kinds(s: Sampler) -> Iterator[tuple[float, Maker]]:
    yield 1.0, lambda: packed(s.dense(HW(1, 1), 1, s.channels()))
    yield 1.0, lambda: packed(s.dense(HW(3, 3), s.pick(1, 2), s.channels()))
    yield 1.0, lambda: packed(s.depthwise(s.pick(3, 5), s.pick(1, 2)))
    yield 1.0, lambda: packed(s.fully_connected())
    yield 0.5, lambda: packed(grouped(s))
    yield 0.5, lambda: packed(several_outputs(s))


def packed(op: Op) -> Op:
    """The same layer with weights of fewer levels."""
    assert isinstance(op, WeightedOp) and op.output.quant is not None
    data = np.clip(np.round(op.weights.values / NARROWER), -7, 7).astype(np.int8)
    weights = replace(op.weights, dtype=DType.INT4, data=data)
    scales = tuple(float(np.float32(scale / NARROWER)) for scale in op.output.quant.scales)
    output = replace(op.output, quant=Quant(scales, op.output.quant.zero_points))
    return replace(op, inputs=(op.input, weights, *op.inputs[2:]), outputs=(output,))
