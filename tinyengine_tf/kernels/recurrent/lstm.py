"""UNIDIRECTIONAL_SEQUENCE_LSTM: for every step and unit, two products with the weights of all four gates at once.

A unit's gates are used as soon as they are known, so nothing but states and outputs is stored. The hidden states of
the step before are the outputs' last row.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from tinyengine_tf.kernels.base import Layout, Table
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.kernels.recurrent import dot4
from tinyengine_tf.ops.lstm import GATES, Lstm, sigmoid_table

OF_INPUT, OF_HIDDEN = slice(4), slice(4, 8)


class LstmKernel(ClassKernel):
    ops = (Lstm,)
    template = "recurrent/lstm.c.j2"
    dot4: ClassVar[dot4.Dot4]

    def layout(self, op: Lstm) -> Layout:
        return Layout()

    def tables(self, op: Lstm) -> tuple[Table, ...]:
        def rows(of: slice) -> np.ndarray:
            return np.stack([w.values.astype(np.int64) for w in op.weights[of]], axis=1)

        def weights() -> np.ndarray:
            return np.concatenate([self.dot4.stream(rows(of)) for of in (OF_INPUT, OF_HIDDEN)], axis=1).reshape(-1)

        def biases() -> np.ndarray:
            bias = np.stack([b.values.astype(np.int64) for b in op.biases], axis=1)
            inputs = bias - op.input.zero_point * rows(OF_INPUT).sum(axis=2)
            hidden = -op.hidden.zero_point * rows(OF_HIDDEN).sum(axis=2)
            return np.concatenate([inputs, hidden], axis=1).reshape(-1)

        unit_bytes = self.dot4.group_bytes(op.features) + self.dot4.group_bytes(op.units)
        return (
            Table("weights", "int8_t", op.units * unit_bytes, weights),
            Table("biases", "int32_t", op.units * 2 * len(GATES), biases),
            Table("sigmoid", "uint16_t", 256, sigmoid_table),
        )

    def params(self, op: Lstm, units: int) -> dict[str, Any]:
        row = (op.features, op.units)
        batch, step = (1, op.batch) if op.time_major else (op.steps, 1)
        return {
            "dot4": self.dot4.template,
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
            "tanh_shift": op.tanh_shift,
            "zero": op.hidden.zero_point,
        }


@class_kernel
class LstmPortable(LstmKernel):
    name = "te_lstm_s8"
    why = "each input is multiplied with the weights of four gates"
    dot4 = dot4.PORTABLE
    needs = (*dot4.needs, "sigmoid_16")


@class_kernel
class LstmDsp(LstmKernel):
    name = "te_lstm_s8_dsp"
    why = "core has DSP: four inputs with the weights of four gates by SMLAD"
    isa = "dsp"
    rank = 10
    dot4 = dot4.DSP
    needs = (*dot4.needs, "sigmoid_16")


@class_kernel
class LstmMve(LstmKernel):
    name = "te_lstm_s8_mve"
    why = "core has Helium: 16 inputs with the weights of a gate at once"
    isa = "mve"
    rank = 20
    dot4 = dot4.MVE
    needs = (*dot4.needs, "sigmoid_16")
