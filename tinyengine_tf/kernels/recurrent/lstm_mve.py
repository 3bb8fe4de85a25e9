"""UNIDIRECTIONAL_SEQUENCE_LSTM with Helium."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Lowered, kernel
from tinyengine_tf.kernels.recurrent.dot4 import MVE
from tinyengine_tf.kernels.recurrent.lstm_layer import LSTM_S8, lstm_layer
from tinyengine_tf.ops.lstm import Lstm
from tinyengine_tf.target import Core


@kernel(Lstm, types=(LSTM_S8,), isa="mve", before=("te_lstm_s8_dsp",))
def te_lstm_s8_mve(op: Lstm, core: Core) -> Lowered:
    """Core has Helium: 16 inputs with the weights of a gate at once."""
    return lstm_layer(op, MVE)
