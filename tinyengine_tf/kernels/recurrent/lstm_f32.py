"""UNIDIRECTIONAL_SEQUENCE_LSTM in float32: for every step and unit, eight products, then the gates.

A unit's gates are used as soon as they are known, so nothing but states and outputs is stored. The hidden states of
the step before are the outputs' last row.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.base import Array, Code, Lowered, Table, kernel
from tinyengine_tf.kernels.types import Types
from tinyengine_tf.ops.float_lstm import FloatLstm
from tinyengine_tf.ops.lstm_layer import GATES
from tinyengine_tf.target import Core

_FLOAT = (DType.FLOAT32,)
LSTM_F32 = Types(data=_FLOAT, weights=_FLOAT, bias=_FLOAT, state=_FLOAT, out=_FLOAT)


@kernel(FloatLstm, types=(LSTM_F32,))
def te_lstm_f32(op: FloatLstm, core: Core) -> Lowered:
    """expf and tanhf of math.h; weights of a unit lie together."""

    def weights() -> Array:
        parts = [np.stack([w.values for w in op.weights[of]], axis=1) for of in (slice(4), slice(4, 8))]
        together: Array = np.concatenate([p.reshape(op.units, -1) for p in parts], axis=1)
        return together

    def biases() -> Array:
        together: Array = np.stack([b.values for b in op.biases], axis=1)
        return together

    tables = (
        Table("weights", "float", sum(w.elements for w in op.weights), weights),
        Table("biases", "float", len(GATES) * op.units, biases),
    )
    return Lowered(Code("recurrent/lstm_f32.c.j2", lambda units: _params(op), ("math", "sigmoid_f32")), tables=tables)


def _params(op: FloatLstm) -> dict[str, Any]:
    row = (op.features, op.units)
    batch, step = (1, op.batch) if op.time_major else (op.steps, 1)
    return {
        "steps": op.steps,
        "batch": op.batch,
        "features": op.features,
        "units": op.units,
        "batch_pitch": [n * batch for n in row],
        "step_pitch": [n * step for n in row],
        "clip": op.cell_clip,
    }
