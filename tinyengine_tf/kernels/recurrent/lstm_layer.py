"""UNIDIRECTIONAL_SEQUENCE_LSTM: for every step and unit, two products with the weights of all four gates at once.

A unit's gates are used as soon as they are known, so nothing but states and outputs is stored. The hidden states of
the step before are the outputs' last row.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.base import Array, Code, Lowered, Table
from tinyengine_tf.kernels.recurrent.dot4 import Dot4
from tinyengine_tf.kernels.types import Types
from tinyengine_tf.ops.lstm import GATES, Lstm, sigmoid_table

LSTM_S8 = Types(
    data=(DType.INT8,),
    weights=(DType.INT8,),
    bias=(DType.INT32,),
    state=(DType.INT8, DType.INT16),
    out=(DType.INT8,),
)
"""The hidden state is int8, the cell int16, as the operator's rules say."""

TANH_INPUT_POWER = -12
"""TFLM's tables read arguments of 2**-12."""
OF_INPUT, OF_HIDDEN = slice(4), slice(4, 8)


def lstm_layer(op: Lstm, dot4: Dot4) -> Lowered:
    """The layer with one way to multiply."""
    needs = (*dot4.needs, "sigmoid_16")
    return Lowered(Code("recurrent/lstm.c.j2", lambda units: _params(op, dot4), needs), tables=_tables(op, dot4))


def _tables(op: Lstm, dot4: Dot4) -> tuple[Table, ...]:
    def rows(of: slice) -> Array:
        return np.stack([w.values.astype(np.int64) for w in op.weights[of]], axis=1)

    def weights() -> Array:
        both: Array = np.concatenate([dot4.stream(rows(of)) for of in (OF_INPUT, OF_HIDDEN)], axis=1)
        return both.reshape(-1)

    def biases() -> Array:
        bias = np.stack([b.values.astype(np.int64) for b in op.biases], axis=1)
        inputs = bias - op.input.zero_point * rows(OF_INPUT).sum(axis=2)
        hidden = -op.hidden.zero_point * rows(OF_HIDDEN).sum(axis=2)
        both: Array = np.concatenate([inputs, hidden], axis=1)
        return both.reshape(-1)

    unit_bytes = dot4.group_bytes(op.features) + dot4.group_bytes(op.units)
    return (
        Table("weights", "int8_t", op.units * unit_bytes, weights),
        Table("biases", "int32_t", op.units * 2 * len(GATES), biases),
        Table("sigmoid", "uint16_t", 256, sigmoid_table),
    )


def _params(op: Lstm, dot4: Dot4) -> dict[str, Any]:
    row = (op.features, op.units)
    batch, step = (1, op.batch) if op.time_major else (op.steps, 1)
    return {
        "dot4": dot4.template,
        "steps": op.steps,
        "batch": op.batch,
        "features": op.features,
        "units": op.units,
        "batch_pitch": [n * batch for n in row],
        "step_pitch": [n * step for n in row],
        "gates": op.gate_multipliers,
        "cell": op.cell_multipliers,
        "small": op.largest_sum < 2**30,
        "limits": op.cell_limits,
        "tanh_shift": op.cell_power - TANH_INPUT_POWER,
        "zero": op.hidden.zero_point,
    }
