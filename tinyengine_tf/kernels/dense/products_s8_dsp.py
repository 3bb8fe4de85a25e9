"""int8 weights of a layer -> what multiplies widened inputs with SMLAD."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because
from tinyengine_tf.kernels.dense.dense_dsp import dense_code
from tinyengine_tf.kernels.dense.dense_stream import headed_stream_table, solve_dense
from tinyengine_tf.kernels.dense.products_dsp import Products
from tinyengine_tf.kernels.dense.widen_dsp import widening
from tinyengine_tf.ops.conv2d import WeightedOp


def products_s8(op: WeightedOp) -> Products | Because:
    rq = solve_dense(op)
    if isinstance(rq, Because):
        return rq
    return Products(dense_code(op, rq), headed_stream_table(op, rq), widening, "te_widen", "widen_word_dsp")
