"""TRANSPOSE_CONV in portable C: every output row gathers from the input rows that reach it."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Layout, RowWindow, Table, rows_of
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.kernels.dense.weighted import clamp_args, requantize_tables, weights_table
from tinyengine_tf.ops.transpose_conv import TransposeConv


@class_kernel
class TransposeConvPortable(ClassKernel):
    name = "te_transpose_conv_s8"
    ops = (TransposeConv,)
    why = "portable C, any geometry"
    template = "dense/transpose_conv.c.j2"
    needs = ("requantize",)

    def layout(self, op: TransposeConv) -> Layout:
        """Output row y gets tap y + pad - r * stride of input row r, where there is such a tap."""
        w = op.window
        # The first row whose last tap reaches y: the smallest r with r * stride + kernel > y + pad.
        starts = tuple((y + w.pad_top - w.kernel.h) // w.stride.h + 1 for y in range(rows_of(op.output)))
        return Layout((RowWindow(-(-w.kernel.h // w.stride.h), starts=starts, array=True),))

    def tables(self, op: TransposeConv) -> tuple[Table, ...]:
        bias = Table("bias", "int32_t", op.out_channels, lambda: op.bias_values)
        return (weights_table(op), bias, *requantize_tables(op))

    def params(self, op: TransposeConv, units: int) -> dict[str, Any]:
        w = op.window
        window = self.layout(op).windows[0]  # type: ignore[index]
        assert window is not None
        return {
            "window": w,
            "rows": window.size,
            "columns": -(-w.kernel.w // w.stride.w),
            "in_width": op.input.shape[2],
            "in_channels": op.input.shape[3],
            "out_width": op.output.shape[2],
            "out_channels": op.out_channels,
            "leaves_image": window.leaves_image(rows_of(op.input), rows_of(op.output)),
        }

    def args(self, op: TransposeConv) -> tuple[str, ...]:
        return (str(op.input.zero_point), *clamp_args(op), "y")
