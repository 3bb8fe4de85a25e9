"""UNIDIRECTIONAL_SEQUENCE_LSTM with SMLAD."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Lowered, kernel
from tinyengine_tf.kernels.recurrent.dot4 import DSP
from tinyengine_tf.kernels.recurrent.lstm_layer import LSTM_S8, lstm_layer
from tinyengine_tf.ops.lstm import Lstm
from tinyengine_tf.target import Core


@kernel(Lstm, types=(LSTM_S8,), isa="dsp", before=("te_lstm_s8",))
def te_lstm_s8_dsp(op: Lstm, core: Core) -> Lowered:
    """Core has DSP: four inputs with the weights of four gates by SMLAD."""
    return lstm_layer(op, DSP)
