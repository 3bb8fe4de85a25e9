"""Matrix products over pixels with SMLAD: two filters times three pixels at once."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Because, Code, Layout, Lowered, RowWindow, kernel
from tinyengine_tf.kernels.dense.dense_dsp import dense_code
from tinyengine_tf.kernels.dense.dense_stream import PIXELS, groups, headed_stream_table, solve_dense
from tinyengine_tf.kernels.dense.matrix_product import MatrixProduct, not_pointwise, pixels_of
from tinyengine_tf.kernels.dense.weighted import depth
from tinyengine_tf.kernels.dense.widen_dsp import widening
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.target import Core


@kernel(Conv2D, FullyConnected, types=(S8,), isa="dsp", before=("te_conv2d_s8_dsp",))
def te_pointwise_s8_dsp(op: MatrixProduct, core: Core) -> Lowered | Because:
    """1x1, core has DSP: 2 filters x 3 pixels with SMLAD."""
    rq = not_pointwise(op) or solve_dense(op)
    if isinstance(rq, Because):
        return rq
    pixels = pixels_of(op)

    def params(units: int) -> dict[str, Any]:
        return {
            "pixels": units,
            "block": PIXELS,
            "in_channels": depth(op),
            "out_channels": op.out_channels,
            "dense": dense_code(op, rq),
            "widening": widening,
        }

    return Lowered(
        Code("dense/pointwise_dsp.c.j2", params, ("widen_word_dsp",)),
        Layout((RowWindow(),), flat=pixels, scratch_bytes=8 * groups(op) * min(pixels, PIXELS)),
        (headed_stream_table(op, rq),),
    )
