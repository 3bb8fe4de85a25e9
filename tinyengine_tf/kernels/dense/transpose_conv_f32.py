"""TRANSPOSE_CONV in float32 and portable C: output rows gather from the input rows that reach them, in order."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import ROW, Code, Layout, Lowered, RowWindow, kernel, rows_of
from tinyengine_tf.kernels.dense.weighted_f32 import float_ends, float_tables
from tinyengine_tf.kernels.types import F32
from tinyengine_tf.ops.float_transpose_conv import FloatTransposeConv
from tinyengine_tf.target import Core


@kernel(FloatTransposeConv, types=(F32,))
def te_transpose_conv_f32(op: FloatTransposeConv, core: Core) -> Lowered:
    """Portable C, any geometry."""
    w = op.window
    # The first row whose last tap reaches y: the smallest r with r * stride + kernel > y + pad.
    starts = tuple((y + w.pad_top - w.kernel.h) // w.stride.h + 1 for y in range(rows_of(op.output)))
    window = RowWindow(-(-w.kernel.h // w.stride.h), starts=starts, array=True)

    def params(units: int) -> dict[str, Any]:
        return {
            **float_ends(op),
            "window": w,
            "rows": window.size,
            "columns": -(-w.kernel.w // w.stride.w),
            "in_width": op.input.shape[2],
            "in_channels": op.input.shape[3],
            "out_width": op.output.shape[2],
            "out_channels": op.out_channels,
            "leaves_image": window.leaves_image(rows_of(op.input), rows_of(op.output)),
        }

    code = Code("dense/transpose_conv_f32.c.j2", params, ("clamp_f32",))
    return Lowered(code, Layout((window,)), float_tables(op), (ROW,))
