"""Functions of one dequantised int8 value, as a table of floats."""

from __future__ import annotations

import numpy as np

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.base import Lowered, Table, kernel
from tinyengine_tf.kernels.elementwise.unary import unary
from tinyengine_tf.kernels.types import Types
from tinyengine_tf.ops.float_function import FloatTable
from tinyengine_tf.target import Core


@kernel(FloatTable, types=(Types(data=(DType.INT8,), out=(DType.FLOAT32,)),))
def te_table_f32(op: FloatTable, core: Core) -> Lowered:
    """One table of all 256 results, in the order of the input's bit patterns 0..255."""
    table = Table("table", "float", 256, lambda: np.roll(np.array(op.table, np.float32), 128))
    return unary(op, "elementwise/lookup.c.j2", tables=(table,))
