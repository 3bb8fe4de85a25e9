"""SVDF: products of the input with four filters at once; each filter's memory moves on as it is summed."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.base import Array, Code, Lowered, Table
from tinyengine_tf.kernels.recurrent.dot4 import ROWS, Dot4
from tinyengine_tf.kernels.types import Types
from tinyengine_tf.ops.svdf import Svdf

SVDF_S8 = Types(
    data=(DType.INT8,),
    weights=(DType.INT8, DType.INT16),
    bias=(DType.INT32,),
    state=(DType.INT8, DType.INT16),
    out=(DType.INT8,),
)
"""Weights over time and the memory are both int8 or both int16, as the operator's rules say."""


def svdf_layer(op: Svdf, dot4: Dot4) -> Lowered:
    """The layer with one way to multiply."""
    return Lowered(Code("recurrent/svdf.c.j2", lambda units: _params(op, dot4), dot4.needs), tables=_tables(op, dot4))


def _tables(op: Svdf, dot4: Dot4) -> tuple[Table, ...]:
    groups = -(-op.filters // ROWS)
    missing = groups * ROWS - op.filters

    def weights() -> Array:
        rows = np.pad(op.weights.values.astype(np.int64), ((0, missing), (0, 0)))
        return dot4.stream(rows.reshape(groups, ROWS, op.features)).reshape(-1)

    def offsets() -> Array:
        return np.pad(-op.input.zero_point * op.weights.values.astype(np.int64).sum(axis=1), (0, missing))

    return (
        Table("weights", "int8_t", groups * dot4.group_bytes(op.features), weights),
        Table("offsets", "int32_t", groups * ROWS, offsets),
        Table.of("time", op.time),
        Table.of("bias", op.bias),
    )


def _params(op: Svdf, dot4: Dot4) -> dict[str, Any]:
    into, out = op.multipliers
    bits = 8 * op.memory.dtype.nbytes
    return {
        "dot4": dot4.template,
        "batch": op.batch,
        "features": op.features,
        "filters": op.filters,
        "steps": op.steps,
        "rank": op.rank,
        "ctype": op.memory.dtype.c,
        "low": -(2 ** (bits - 1)),
        "high": 2 ** (bits - 1) - 1,
        "memory_zero": op.memory.zero_point,
        "into": into,
        "out": out,
        "zero": op.output.zero_point,
    }
