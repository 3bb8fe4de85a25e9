"""UNIDIRECTIONAL_SEQUENCE_LSTM: int8 activations and weights, an int16 cell, as TFLM's kernel computes them.

Source: tensorflow/lite/micro/kernels/lstm_eval; Hochreiter and Schmidhuber, Long Short-Term Memory, 1997.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.ir import DType, Tensor, Values
from tinyengine_tf.ops.base import QUANTIZED, Constraint, RawOpLike, Reject, Rule, operator
from tinyengine_tf.ops.fixedpoint import MAX_SHIFT, Multiplier, integer_matmul, quantize_multiplier, requantize
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

GATE_SCALE = 2.0**-12
"""Of what enters a gate's sigmoid or tanh, int16."""
ACTIVATED_SCALE = 2.0**-15
"""Of what leaves it, int16."""
LARGEST_CELL_SHIFT = 14  # 2**15 * 3 * 2**14 is the last tanh argument below 2**31


SEQUENCE = Rule("sequence and output are int8 of three dimensions")
EIGHT_WEIGHTS = Rule("its eight weights are constant int8, each with one scale and zero point 0")
FOUR_BIASES = Rule("its four biases are constant int32")
CELL_SCALE = Rule("the cell's scale is a power of two, at most 4, and its zero point 0")


def sigmoid_table() -> np.ndarray:
    """TFLM's 256 values of the sigmoid, from 0 in steps of 1/24, as uint16 fractions of 65536.

    They are raised by half of what linear interpolation between them loses at most, h**2 / 8 times the second
    derivative, so that it errs to both sides; the last one is 1, as far as 16 bits go.
    """
    f = 1 / (1 + np.exp(-np.arange(256) / 24))
    loss = f * (1 - f) * (1 - 2 * f) / 24**2 / 8
    table = np.minimum(np.round(65536 * (f - loss / 2)), 65535)
    table[-1] = 65535
    return table


def interpolated_sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-y)) of y = x / (3 * 4096), in ACTIVATED_SCALE: TFLM's table, interpolated."""
    index, rest = np.divmod(np.abs(x), 512)
    y = np.where(index < 255, _interpolated(index, rest, 512), 0x7FFF << 10)
    return np.where(x < 0, (1 << 25) - y + 511, y + 512) >> 10


def interpolated_tanh(x: np.ndarray) -> np.ndarray:
    """tanh of x / (3 * 4096), in ACTIVATED_SCALE: 2 sigmoid(2 x) - 1 from the same table."""
    index, rest = np.divmod(np.abs(x), 256)
    y = np.where(index < 255, _interpolated(index, rest, 256), 0xFFFF << 8) - (1 << 23)
    return (np.where(x < 0, -y - 1, y) + 128) >> 8


def _interpolated(index: np.ndarray, rest: np.ndarray, steps: int) -> np.ndarray:
    """The table at index + rest / steps, times `steps`; meaningless from its last entry on."""
    table = sigmoid_table().astype(np.int64)
    low, high = table[np.minimum(index, 254)], table[np.minimum(index, 254) + 1]
    return steps * low + rest * (high - low)


def clip16(x: np.ndarray) -> np.ndarray:
    return np.clip(x, -32768, 32767)


def no_overflow(op: Lstm) -> bool:
    return op.largest_sum < 2**31 and all(m.shift <= MAX_SHIFT for m in (*op.gate_multipliers, *op.cell_multipliers))


@operator("UNIDIRECTIONAL_SEQUENCE_LSTM")
@dataclass(frozen=True, kw_only=True, eq=False)
class Lstm(LstmLayer):
    """Long short-term memory over a sequence; hidden state and cell last from one inference to the next.

    cell_limits what the cell is clipped to, inclusive, in steps of its scale
    """

    RULES: ClassVar = (
        *VARIANT_RULES,
        SEQUENCE,
        EIGHT_WEIGHTS,
        FOUR_BIASES,
        VARIABLE,
        CELL_SCALE,
        SIZES,
    )
    CONSTRAINTS: ClassVar = (
        QUANTIZED,
        Constraint("sums of |weight| * 256 and |bias| of each gate stay below 2^31, as 32-bit sums do", no_overflow),
    )

    cell_limits: tuple[int, int]

    @property
    def largest_sum(self) -> int:
        """What no sum of products and bias exceeds, nor any part of it."""
        sums = (np.abs(w.values.astype(np.int64)).sum(axis=1).max() * 256 for w in self.weights)
        biases = (np.abs(b.values.astype(np.int64)).max() for b in self.biases)
        return int(max(sums) + max(biases))

    @property
    def cell_power(self) -> int:
        """The cell's scale as a power of two."""
        return round(math.log2(self.cell.scale))

    @property
    def tanh_shift(self) -> int:
        """By how many bits the cell's scale exceeds that of the table's argument."""
        return self.cell_power - round(math.log2(GATE_SCALE))

    @property
    def gate_multipliers(self) -> tuple[Multiplier, ...]:
        """Requantisation to GATE_SCALE of each matrix product, in the order of `weights`."""
        sources = [self.input] * len(GATES) + [self.hidden] * len(GATES)
        return tuple(
            quantize_multiplier(s.scale * w.scale / GATE_SCALE) for s, w in zip(sources, self.weights, strict=True)
        )

    @property
    def cell_multipliers(self) -> tuple[Multiplier, Multiplier, Multiplier]:
        """Of forget gate * cell, input gate * cell gate, and output gate * tanh(cell)."""
        return (
            quantize_multiplier(ACTIVATED_SCALE),
            quantize_multiplier(ACTIVATED_SCALE**2 / self.cell.scale),
            quantize_multiplier(ACTIVATED_SCALE**2 / self.hidden.scale),
        )

    def compute(self, values: Values) -> Values:
        x, weights, biases, hidden, cell = values[0], values[1:9], values[9:13], *values[-2:]
        x, hidden, cell = (v.astype(np.int64) for v in (x if self.time_major else x.swapaxes(0, 1), hidden, cell))
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
        m, of = self.gate_multipliers, len(GATES)

        def gate(g: int) -> np.ndarray:
            by_input = integer_matmul(x - self.input.zero_point, weights[g].T) + biases[g]
            by_hidden = integer_matmul(hidden - self.hidden.zero_point, weights[of + g].T)
            return clip16(clip16(requantize(by_input, m[g])) + clip16(requantize(by_hidden, m[of + g])))

        arguments = [3 * gate(k) for k in range(4)]
        into, keep, out = (interpolated_sigmoid(arguments[k]) for k in (0, 1, 3))
        update = interpolated_tanh(arguments[2])
        kept, added, shown = self.cell_multipliers
        cell = requantize(keep * cell, kept) + clip16(requantize(into * update, added))
        cell = np.clip(cell, *self.cell_limits)
        wide, shift = 3 * cell, self.tanh_shift
        argument = wide << shift if shift >= 0 else (wide + (1 << (-shift - 1))) >> -shift
        hidden = requantize(interpolated_tanh(argument) * out, shown) + self.hidden.zero_point
        return np.clip(hidden, -128, 127), cell

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Lstm, ...]:
        check_variant(raw, inputs)
        x, y = inputs[0], outputs[0]
        weights, biases = [inputs[i] for i in WEIGHTS], [inputs[i] for i in BIASES]
        if x is None or x.dtype is not DType.INT8 or y.dtype is not DType.INT8 or len(x.shape) != 3:
            raise Reject(SEQUENCE, f"{x} -> {y}")
        if not all(w is not None and w.const and w.dtype is DType.INT8 and is_symmetric(w) for w in weights):
            raise Reject(EIGHT_WEIGHTS)
        if not all(b is not None and b.const and b.dtype is DType.INT32 for b in biases):
            raise Reject(FOUR_BIASES)
        hidden = require_variable(inputs[HIDDEN], "hidden state", DType.INT8)
        cell = require_variable(inputs[CELL], "cell", DType.INT16)
        if (
            cell.quant is None
            or cell.zero_point
            or math.log2(cell.scale) % 1
            or cell.scale > 2.0 ** (LARGEST_CELL_SHIFT - 12)
        ):
            raise Reject(CELL_SCALE, cell.quant)
        op = cls(
            inputs=(x, *weights, *biases, hidden, cell),
            outputs=(y, updated(hidden), updated(cell)),
            time_major=bool(raw.options["time_major"]),
            cell_limits=limits_of(float(raw.options["cell_clip"]), cell.scale),
        )
        if not op.fits_together:
            raise Reject(SIZES, f"{x} -> {y}")
        return (op,)


def is_symmetric(weights: Tensor) -> bool:
    return weights.quant is not None and not weights.quant.per_channel and weights.zero_point == 0


def limits_of(clip: float, scale: float) -> tuple[int, int]:
    """What TFLM makes of `cell_clip`, which means nothing when it is not positive."""
    most = int(min(clip / scale, 32767))
    return (-most, most) if clip > 0 else (-32768, 32767)
