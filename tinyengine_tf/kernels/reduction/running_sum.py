"""What ADD_N and CUMSUM share: plain sums, of int8 requantised once per output element."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.types import S8, Types
from tinyengine_tf.ops.running_sum import HEADROOM_BITS, RunningSum

SUMMED = (S8, Types(data=(DType.FLOAT32,), out=(DType.FLOAT32,)))


def sum_params(op: RunningSum) -> dict[str, Any]:
    """`first` is where a sum starts; `multiplier` is None for floats."""
    if op.is_float:
        return {"ctype": "float", "multiplier": None, "zero": 0, "first": "0.0f"}
    return {
        "ctype": "int32_t",
        "multiplier": op.multiplier,
        "unit": 1 << HEADROOM_BITS,
        "zero": op.input.zero_point,
        "first": str(-op.input.zero_point),
        "out_zero": op.output.zero_point,
    }
