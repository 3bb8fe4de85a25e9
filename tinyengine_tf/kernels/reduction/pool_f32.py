"""What the float32 kernels of AVERAGE_POOL_2D and MAX_POOL_2D share."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Code, Layout, Lowered, RowWindow, rows_of
from tinyengine_tf.ops.float_pool2d import FloatPool2D


def float_pool_by_rows(op: FloatPool2D, template: str) -> Lowered:
    """One output row per call; null pointers stand for rows outside the image."""
    w = op.window
    window = RowWindow(w.kernel.h, w.stride.h, 1, w.pad_top, array=True)

    def params(units: int) -> dict[str, Any]:
        return {
            "window": w,
            "low": op.clamp[0],
            "high": op.clamp[1],
            "in_width": op.image.w,
            "out_width": op.out_image.w,
            "channels": op.input.shape[3],
            "padded_rows": window.leaves_image(rows_of(op.input), rows_of(op.output)),
            "padded_columns": w.pad_left > 0 or w.padding_after(op.image, op.out_image).w > 0,
        }

    return Lowered(Code(template, params, ("clamp_f32",)), Layout((window,)))
