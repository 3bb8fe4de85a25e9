"""UNIDIRECTIONAL_SEQUENCE_LSTM in float32, in the order of operations of TFLM's kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.ir import DType, Tensor, Values
from tinyengine_tf.ops.base import RawOpLike, Reject, Rule, operator
from tinyengine_tf.ops.float_function import FUNCTIONS
from tinyengine_tf.ops.float_weighted import ALL_FLOAT, sum_of_products
from tinyengine_tf.ops.lstm_layer import (
    BIASES,
    CELL,
    GATES,
    HIDDEN,
    SIZES,
    VARIANT_RULES,
    WEIGHTS,
    LstmLayer,
    check_variant,
)
from tinyengine_tf.ops.recurrent import VARIABLE, require_variable, updated

SEQUENCE = Rule("sequence and output have three dimensions")
CONSTANTS = Rule("its eight weights and four biases are constant")


@operator("UNIDIRECTIONAL_SEQUENCE_LSTM", floats=True)
@dataclass(frozen=True, kw_only=True, eq=False)
class FloatLstm(LstmLayer):
    """Long short-term memory over a sequence in float32; hidden state and cell last from one inference to the next.

    cell_clip   what the cell's absolute value is limited to; 0: nothing
    """

    RULES: ClassVar = (*VARIANT_RULES, SEQUENCE, CONSTANTS, VARIABLE, SIZES)
    CONSTRAINTS: ClassVar = (ALL_FLOAT,)

    cell_clip: float

    @property
    def calls_libm(self) -> bool:
        return True

    def compute(self, values: Values) -> Values:
        x, weights, biases, hidden, cell = values[0], values[1:9], values[9:13], *values[-2:]
        x = x if self.time_major else x.swapaxes(0, 1)
        hidden, cell = (v.reshape(self.batch, self.units) for v in (hidden, cell))
        outputs = []
        for step in x:
            hidden, cell = self._advance(step, weights, biases, hidden, cell)
            outputs.append(hidden)
        y = np.stack(outputs)
        return y if self.time_major else y.swapaxes(0, 1), hidden, cell

    def _advance(
        self, x: np.ndarray, weights: Values, biases: Values, hidden: np.ndarray, cell: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """(hidden state, cell) after one step: both [batch, units]."""
        of = len(GATES)

        def product(rows: np.ndarray, w: np.ndarray) -> np.ndarray:
            return sum_of_products((self.batch, self.units), ((rows[:, k, None], w[:, k]) for k in range(w.shape[1])))

        def gate(g: int, function: str) -> np.ndarray:
            return FUNCTIONS[function](product(x, weights[g]) + biases[g] + product(hidden, weights[of + g]), 0.0)

        into, keep, update, out = (
            gate(g, function) for g, function in enumerate(("LOGISTIC", "LOGISTIC", "TANH", "LOGISTIC"))
        )
        cell = keep * cell + into * update
        if self.cell_clip > 0:
            cell = np.clip(cell, np.float32(-self.cell_clip), np.float32(self.cell_clip))
        return FUNCTIONS["TANH"](cell, 0.0) * out, cell

    @classmethod
    def parse(
        cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]
    ) -> tuple[FloatLstm, ...]:
        check_variant(raw, inputs)
        x, y = inputs[0], outputs[0]
        weights, biases = [inputs[i] for i in WEIGHTS], [inputs[i] for i in BIASES]
        if x is None or len(x.shape) != 3:
            raise Reject(SEQUENCE, f"{x} -> {y}")
        if not all(t is not None and t.const for t in (*weights, *biases)):
            raise Reject(CONSTANTS)
        hidden = require_variable(inputs[HIDDEN], "hidden state", DType.FLOAT32)
        cell = require_variable(inputs[CELL], "cell", DType.FLOAT32)
        op = cls(
            inputs=(x, *weights, *biases, hidden, cell),
            outputs=(y, updated(hidden), updated(cell)),
            time_major=bool(raw.options["time_major"]),
            cell_clip=max(float(raw.options["cell_clip"]), 0.0),
        )
        if not op.fits_together:
            raise Reject(SIZES, f"{x} -> {y}")
        return (op,)
