"""Elementwise operators of two operands: as few nested loops as the broadcast needs, constants as literals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.class_kernel import class_kernel
from tinyengine_tf.kernels.elementwise.broadcast import BroadcastKernel
from tinyengine_tf.kernels.literal import literal
from tinyengine_tf.ops.binary import Binary
from tinyengine_tf.target import Core


def limits_nothing(op: Binary) -> bool:
    """Whether no result of the operation lies outside the clamp."""
    if op.dtype is DType.FLOAT32:
        return math.isinf(op.clamp[1])
    info = np.iinfo(op.dtype.numpy)
    return op.clamp == (info.min, info.max) and not op.needs_scales


class BinaryLoops(BroadcastKernel):
    """What both kernels below share."""

    ops = (Binary,)
    template = "elementwise/binary.c.j2"

    def params(self, op: Binary, units: int) -> dict[str, Any]:
        return {
            **self.loop_params(op, units),
            "function": op.function,
            "value_type": "float" if op.dtype is DType.FLOAT32 else "int32_t",
            "arithmetic": op.needs_scales,
            "zeros": [t.zero_point if op.needs_scales else 0 for t in (op.a, op.b, op.output)],
            "multipliers": op.multipliers if op.needs_scales else (),
            "headroom": op.headroom_bits,
            "clamp": None if limits_nothing(op) else [literal(end, op.dtype) for end in op.clamp],
        }


@class_kernel
class BinaryArithmetic(BinaryLoops):
    name = "te_binary_s8"
    why = "requantisation with literal multipliers"
    needs = ("requantize",)

    def rejects(self, op: Binary, core: Core) -> str | None:
        return None if op.needs_scales else "nothing is requantised"


@class_kernel
class BinaryPlain(BinaryLoops):
    name = "te_binary"
    why = "no requantisation"

    def rejects(self, op: Binary, core: Core) -> str | None:
        return "operands and output have different scales" if op.needs_scales else None
