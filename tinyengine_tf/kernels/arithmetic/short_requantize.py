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

from tinyengine_tf.kernels.arithmetic.fast_requantize import Requantization, solve
from tinyengine_tf.kernels.base import Table
from tinyengine_tf.ops.conv2d import WeightedOp

"""Armv6-M: products of 32 bits, eight registers for most instructions, no unaligned access."""


@dataclass(frozen=True)
class Form:
    """Which variant of the arithmetic a layer needs. `called`: as a function, where inlining costs too much flash."""

    signed: bool
    clamped: bool
    called: bool


def requantization(op: WeightedOp) -> Requantization:
    found = solve(op)
    assert isinstance(found, Requantization), found
    return found


def reason_against(op: WeightedOp) -> str | None:
    """Why a layer cannot be requantised in short, or None."""
    found = solve(op)
    return found if isinstance(found, str) else None


def form(op: WeightedOp, called: bool) -> Form:
    rq = requantization(op)
    return Form(rq.signed, (rq.low, rq.high) != (-128, 127), called)


def requantize_tables(op: WeightedOp) -> tuple[Table, Table]:
    """`terms` and `tails` above."""

    def terms() -> np.ndarray:
        rq = requantization(op)
        return np.stack((rq.biases, rq.mantissas), axis=1)

    n = op.out_channels
    return Table("terms", "int32_t", 2 * n, terms), Table("tails", "int8_t", n, lambda: requantization(op).tails)


def requantize_args(op: WeightedOp) -> tuple[str, ...]:
    rq = requantization(op)
    limits = (str(rq.low), str(rq.high)) if form(op, False).clamped else ()
    return (str(rq.factor), *limits)


def live_weights(op: WeightedOp) -> np.ndarray:
    """int64 weights [filters, inputs of each]; filters of constant output count as zero (see fast_requantize)."""
    weights = np.moveaxis(op.weights.values.astype(np.int64), op.CHANNEL_AXIS, 0).reshape(op.out_channels, -1)
    return weights * ~requantization(op).constant[:, None]
