"""Tables of unary functions of one byte."""

from __future__ import annotations

import numpy as np

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.base import Table
from tinyengine_tf.kernels.types import Types
from tinyengine_tf.ops.lookup import Lookup

BYTES = Types(data=(DType.INT8, DType.UINT8), out=(DType.INT8, DType.UINT8))


def byte_table(op: Lookup) -> Table:
    """The outputs in the order of the input's bit patterns 0..255."""
    shift = 128 if op.input.dtype is DType.INT8 else 0
    return Table("table", op.output.dtype.c, 256, lambda: np.roll(np.array(op.table), shift))
