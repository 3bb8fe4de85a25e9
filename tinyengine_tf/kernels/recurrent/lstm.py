"""UNIDIRECTIONAL_SEQUENCE_LSTM on every kind of core; they differ in how four rows of weights are multiplied (dot4)."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Lowered, kernel
from tinyengine_tf.kernels.recurrent.dot4 import DSP, MVE, PORTABLE
from tinyengine_tf.kernels.recurrent.lstm_layer import LSTM_S8, lstm_layer
from tinyengine_tf.ops.lstm import Lstm
from tinyengine_tf.target import Core


@kernel(Lstm, types=(LSTM_S8,))
def te_lstm_s8(op: Lstm, core: Core) -> Lowered:
    """Each input is multiplied with the weights of four gates."""
    return lstm_layer(op, PORTABLE)


@kernel(Lstm, types=(LSTM_S8,), isa="dsp", before=("te_lstm_s8",))
def te_lstm_s8_dsp(op: Lstm, core: Core) -> Lowered:
    """Core has DSP: four inputs with the weights of four gates by SMLAD."""
    return lstm_layer(op, DSP)


@kernel(Lstm, types=(LSTM_S8,), isa="mve", before=("te_lstm_s8_dsp",))
def te_lstm_s8_mve(op: Lstm, core: Core) -> Lowered:
    """Core has Helium: 16 inputs with the weights of a gate at once."""
    return lstm_layer(op, MVE)
