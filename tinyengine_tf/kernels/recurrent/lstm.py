"""UNIDIRECTIONAL_SEQUENCE_LSTM in portable C."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Lowered, kernel
from tinyengine_tf.kernels.recurrent.dot4 import PORTABLE
from tinyengine_tf.kernels.recurrent.lstm_layer import LSTM_S8, lstm_layer
from tinyengine_tf.ops.lstm import Lstm
from tinyengine_tf.target import Core


@kernel(Lstm, types=(LSTM_S8,))
def te_lstm_s8(op: Lstm, core: Core) -> Lowered:
    """Each input is multiplied with the weights of four gates."""
    return lstm_layer(op, PORTABLE)
