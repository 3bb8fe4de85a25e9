"""What all kernels of AVERAGE_POOL_2D and MAX_POOL_2D that compute one output row per call share."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Code, Layout, Lowered, RowWindow, rows_of
from tinyengine_tf.ops.base import whole_range
from tinyengine_tf.ops.pool2d import Pool2D


def pool_window(op: Pool2D) -> RowWindow:
    """The rows a pool reads; null pointers stand for those outside the image."""
    w = op.window
    return RowWindow(w.kernel.h, w.stride.h, 1, w.pad_top, array=True)


def pool_by_rows(op: Pool2D, template: str, needs: tuple[str, ...] = ()) -> Lowered:
    window = pool_window(op)

    def params(units: int) -> dict[str, object]:
        return {
            "window": op.window,
            "ctype": op.output.dtype.c,
            "width": op.output.dtype.nbytes,
            "low": op.clamp[0],
            "high": op.clamp[1],
            "limits": [end != whole for end, whole in zip(op.clamp, whole_range(op.output), strict=True)],
            "in_width": op.image.w,
            "out_width": op.out_image.w,
            "channels": op.input.shape[3],
            "padded_rows": window.leaves_image(rows_of(op.input), rows_of(op.output)),
            "padded_columns": op.window.pad_left > 0 or op.window.padding_after(op.image, op.out_image).w > 0,
        }

    return Lowered(Code(template, params, needs), Layout((window,)))
