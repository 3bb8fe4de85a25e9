"""TRANSPOSE_CONV of int16 data in portable C: every output row gathers from the input rows that reach it."""

from __future__ import annotations

from tinyengine_tf.kernels.base import ROW, Code, Layout, Lowered, kernel
from tinyengine_tf.kernels.dense.transpose_conv import reaching_rows, transpose_params
from tinyengine_tf.kernels.dense.weighted_s16 import NEEDS, sum_params, tables
from tinyengine_tf.kernels.types import S16
from tinyengine_tf.ops.transpose_conv import TransposeConv
from tinyengine_tf.target import Core


@kernel(TransposeConv, types=(S16,))
def te_transpose_conv_s16(op: TransposeConv, core: Core) -> Lowered:
    """Portable C, any geometry."""
    window = reaching_rows(op)
    return Lowered(
        Code("dense/transpose_conv_s16.c.j2", lambda units: {**transpose_params(op, window), **sum_params(op)}, NEEDS),
        Layout((window,)),
        tables(op),
        (*op.clamp, ROW),
    )
