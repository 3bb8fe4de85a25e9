"""One pixel times a weight matrix with SMLAD: fully-connected layers of batch 1, 1x1 convolutions of 1x1 images."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Because, Code, Layout, Lowered, RowWindow, kernel
from tinyengine_tf.kernels.dense.dense_stream import complete_bytes, solve_dense, stream_table
from tinyengine_tf.kernels.dense.matrix_product import MatrixProduct, not_single
from tinyengine_tf.kernels.dense.weighted import depth
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.target import Core

FILTERS = 4
"""Filters computed together: each input is widened once for all of them, in registers."""


@kernel(FullyConnected, Conv2D, types=(S8,), isa="dsp", before=("te_conv2d_s8_winograd_dsp",))
def te_fully_connected_s8_dsp(op: MatrixProduct, core: Core) -> Lowered | Because:
    """A single pixel, core has DSP: 4 filters at once with SMLAD, no scratch memory."""
    rq = not_single(op) or solve_dense(op)
    if isinstance(rq, Because):
        return rq

    def params(units: int) -> dict[str, Any]:
        return {
            "in_channels": depth(op),
            "out_channels": op.out_channels,
            "together": FILTERS,
            "stream_bytes": complete_bytes(op, rq, FILTERS),
            "rq": rq,
        }

    return Lowered(
        Code("dense/fully_connected_dsp.c.j2", params),
        Layout((RowWindow(),), flat=1, hold=1),
        (stream_table(op, rq, FILTERS),),
    )
