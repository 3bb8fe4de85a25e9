"""PAD and PADV2 in portable C."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Layout, RowWindow
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.kernels.literal import literal
from tinyengine_tf.ops.pad import Pad
from tinyengine_tf.target import Core


@class_kernel
class PadRows(ClassKernel):
    name = "te_pad_rows"
    ops = (Pad,)
    why = "one output row per call"
    template = "movement/pad_rows.c.j2"
    rank = 1

    def rejects(self, op: Pad, core: Core) -> str | None:
        if len(op.input.shape) != 4 or op.before[0] or op.after[0]:
            return "not rows, columns and channels of images"
        return None

    def layout(self, op: Pad) -> Layout:
        return Layout((RowWindow(pad=op.before[1]),))

    def params(self, op: Pad, units: int) -> dict[str, Any]:
        return {
            "ctype": op.output.dtype.c,
            "width": op.output.dtype.nbytes,
            "fill_value": literal(op.fill, op.output.dtype),
            "columns": op.input.shape[2],
            "channels": op.input.shape[3],
            "out_channels": op.output.shape[3],
            "left": op.before[2],
            "right": op.after[2],
            "front": op.before[3],
            "back": op.after[3],
            "padded_rows": op.before[1] + op.after[1] > 0,
        }


@class_kernel
class PadPortable(ClassKernel):
    name = "te_pad"
    ops = (Pad,)
    why = "any dimensions, the whole tensor"
    template = "movement/pad.c.j2"

    def layout(self, op: Pad) -> Layout:
        return Layout(distances=(op.distance * op.output.dtype.nbytes,))

    def params(self, op: Pad, units: int) -> dict[str, Any]:
        return {
            "ctype": op.output.dtype.c,
            "width": op.output.dtype.nbytes,
            "fill_value": literal(op.fill, op.output.dtype),
            "levels": pad_levels(op),
        }


def pad_levels(op: Pad) -> list[tuple[int, int, int]]:
    """(times, before, after) from the outermost dimension in, the last one being one run of elements.

    `before` and `after` count output elements; dimensions without padding are joined to the one outside them.
    """
    levels: list[list[int]] = []
    step = op.output.elements
    for size, before, after in zip(op.input.shape, op.before, op.after, strict=True):
        step //= size + before + after
        if levels and before == after == 0:
            levels[-1][0] *= size
        else:
            levels.append([size, before * step, after * step])
    return [(size, before, after) for size, before, after in levels] or [(1, 0, 0)]
