"""The tables and arguments of kernels in C that requantise as fast_requantize.py has proven equal to TFLM.

    total = 256 sum + terms[2 c]                                    sum of weight * input
    t     = floor(total terms[2 c + 1] / 2**32) + factor 2**tails[c] + 64
    y     = floor((floor(t / 2**7) - [total < 0]) / 2**(tails[c] + 1))  or, unsigned,  floor(t / 2**(tails[c] + 8))

The high half of the product is one instruction on most cores. Armv6-M multiplies to 32 bits only: there it is made of
the four products of 16-bit halves, exactly:  with a = a1 2**16 + a0 and b alike,

    a b = a1 b1 2**32 + (a1 b0 + a0 b1) 2**16 + a0 b0,

    u = a1 b0 + floor(a0 b0 / 2**16)      v = a0 b1 + (u mod 2**16)
    floor(a b / 2**32) = a1 b1 + floor(u / 2**16) + floor(v / 2**16)

None of them exceeds 32 bits: |a1 b0| <= 2**15 (2**16 - 1), and what is added to it is less than 2**16.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyengine_tf.kernels.arithmetic.fast_requantize import Requantization
from tinyengine_tf.kernels.base import Array, Table
from tinyengine_tf.kernels.dense.weighted import by_filter
from tinyengine_tf.ops.conv2d import WeightedOp


@dataclass(frozen=True)
class Form:
    """Which variant of the arithmetic a layer needs. `called`: as a function, where inlining costs too much flash."""

    signed: bool
    clamped: bool
    called: bool


def form(rq: Requantization, called: bool) -> Form:
    return Form(rq.signed, (rq.low, rq.high) != (-128, 127), called)


def requantize_tables(rq: Requantization) -> tuple[Table, Table]:
    """`terms` and `tails` above."""

    def terms() -> Array:
        return np.stack((rq.biases, rq.mantissas), axis=1)

    n = len(rq.biases)
    return Table("terms", "int32_t", 2 * n, terms), Table("tails", "int8_t", n, lambda: rq.tails)


def requantize_args(rq: Requantization) -> tuple[int, ...]:
    return rq.factor, *((rq.low, rq.high) if form(rq, False).clamped else ())


def live_weights(op: WeightedOp, rq: Requantization) -> Array:
    """int64 weights [filters, inputs of each]; filters of constant output count as zero (see fast_requantize)."""
    live: Array = by_filter(op.weights, op.CHANNEL_AXIS) * ~rq.constant[:, None]
    return live
