"""AVERAGE_POOL_2D and MAX_POOL_2D in portable C, one output row per call."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Layout, RowWindow, rows_of
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.ops.pool2d import AveragePool2D, MaxPool2D, Pool2D


def pool_window(op: Pool2D) -> RowWindow:
    """The rows a pool reads; null pointers stand for those outside the image."""
    w = op.window
    return RowWindow(w.kernel.h, w.stride.h, 1, w.pad_top, array=True)


class Pool2DPortable(ClassKernel):
    def layout(self, op: Pool2D) -> Layout:
        return Layout((pool_window(op),))

    def params(self, op: Pool2D, units: int) -> dict[str, Any]:
        return {
            "window": op.window,
            "low": op.clamp[0],
            "high": op.clamp[1],
            "in_width": op.image.w,
            "out_width": op.out_image.w,
            "channels": op.input.shape[3],
            "padded_rows": pool_window(op).leaves_image(rows_of(op.input), rows_of(op.output)),
            "padded_columns": op.window.pad_left > 0 or op.window.padding_after(op.image, op.out_image).w > 0,
        }


@class_kernel
class AveragePool2DPortable(Pool2DPortable):
    name = "te_average_pool_2d_s8"
    ops = (AveragePool2D,)
    why = "portable C, any window"
    template = "reduction/average_pool_2d.c.j2"


@class_kernel
class MaxPool2DPortable(Pool2DPortable):
    name = "te_max_pool_2d_s8"
    ops = (MaxPool2D,)
    why = "portable C, any window"
    template = "reduction/max_pool_2d.c.j2"
