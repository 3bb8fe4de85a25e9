"""TRANSPOSE_CONV in portable C: every output row gathers from the input rows that reach it."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import ROW, Code, Layout, Lowered, RowWindow, Table, kernel, rows_of
from tinyengine_tf.kernels.dense.weighted import clamp_args, requantize_tables, weights_table
from tinyengine_tf.kernels.types import S8, S8W4
from tinyengine_tf.ops.transpose_conv import TransposeConv
from tinyengine_tf.target import Core


@kernel(TransposeConv, types=(S8, S8W4))
def te_transpose_conv_s8(op: TransposeConv, core: Core) -> Lowered:
    """Portable C, any geometry."""
    window = reaching_rows(op)
    bias = Table("bias", "int32_t", op.out_channels, lambda: op.bias_values)
    return Lowered(
        Code("dense/transpose_conv.c.j2", lambda units: transpose_params(op, window), ("requantize",)),
        Layout((window,)),
        (weights_table(op), bias, *requantize_tables(op)),
        (op.input.zero_point, *clamp_args(op), ROW),
    )


def reaching_rows(op: TransposeConv) -> RowWindow:
    """Output row y gets tap y + pad - r * stride of input row r, where there is such a tap."""
    w = op.window
    # The first row whose last tap reaches y: the smallest r with r * stride + kernel > y + pad.
    starts = tuple((y + w.pad_top - w.kernel.h) // w.stride.h + 1 for y in range(rows_of(op.output)))
    return RowWindow(-(-w.kernel.h // w.stride.h), starts=starts, array=True)


def transpose_params(op: TransposeConv, window: RowWindow) -> dict[str, Any]:
    return {
        "window": op.window,
        "rows": window.size,
        "columns": -(-op.window.kernel.w // op.window.stride.w),
        "in_width": op.input.shape[2],
        "in_channels": op.input.shape[3],
        "out_width": op.output.shape[2],
        "out_channels": op.out_channels,
        "leaves_image": window.leaves_image(rows_of(op.input), rows_of(op.output)),
    }
