"""Elementwise operators of two operands that need no scales: as few nested loops as the broadcast needs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.elementwise.broadcast import broadcast
from tinyengine_tf.kernels.literal import literal
from tinyengine_tf.kernels.types import Types
from tinyengine_tf.ops.binary import Binary
from tinyengine_tf.target import Core

NUMBERS = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)
STORED = Types(data=NUMBERS, out=NUMBERS)


@kernel(Binary, types=(STORED,), before=("te_binary_s8", "te_binary_s16"))
def te_binary(op: Binary, core: Core) -> Lowered | Because:
    """No requantisation."""
    if op.needs_scales:
        return Because("operands and output have different scales")
    return broadcast(op, "elementwise/binary.c.j2", lambda: binary_params(op))


def binary_params(op: Binary) -> dict[str, Any]:
    """What binary.c.j2 asks, with requantisation or without."""
    return {
        "function": op.function,
        "value_type": "float" if op.dtype is DType.FLOAT32 else "int32_t",
        "arithmetic": op.needs_scales,
        "zeros": [t.zero_point if op.needs_scales else 0 for t in (op.a, op.b, op.output)],
        "multipliers": op.multipliers if op.needs_scales else (),
        "headroom": op.headroom_bits if op.needs_scales else 0,
        "clamp": None if limits_nothing(op) else [literal(end, op.dtype) for end in op.clamp],
    }


def limits_nothing(op: Binary) -> bool:
    """Whether no result of the operation lies outside the clamp."""
    if op.dtype is DType.FLOAT32:
        return math.isinf(op.clamp[1])
    info = np.iinfo(op.dtype.numpy)
    return op.clamp == (info.min, info.max) and not op.needs_scales
