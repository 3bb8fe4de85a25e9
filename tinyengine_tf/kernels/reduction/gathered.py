"""Global averages and sums: rows are added up as they come, so no feature map has to be there as a whole.

One int32 sum per channel is all the memory that the rows need. A kernel says which operators it takes (`global_pool`,
`global_sum`) and how it adds a row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tinyengine_tf.kernels.base import ROW, Arg, Because, Code, Layout, Lowered, RowWindow, rows_of
from tinyengine_tf.ops.base import whole_range
from tinyengine_tf.ops.pool2d import AveragePool2D
from tinyengine_tf.ops.reduce import Sum

NOT_GLOBAL = Because("not over all rows and columns of an image")


def averages_globally(op: AveragePool2D) -> bool:
    padded = op.window.pad_top or op.window.pad_left or any(op.window.padding_after(op.image, op.out_image))
    return op.window.kernel == op.image and op.out_image == (1, 1) and not padded


def sums_globally(op: Sum) -> bool:
    return len(op.input.shape) == 4 and op.axes == {1, 2} and rows_of(op.input) > 0


def average_args(op: AveragePool2D) -> tuple[Arg, ...]:
    return *op.clamp, ROW


def sum_args(op: Sum) -> tuple[Arg, ...]:
    """What the zero points add, the output multiplier and zero point."""
    m = op.multiplier
    return -op.count * op.input.zero_point, m.mantissa, m.shift, op.output.zero_point


def gathered(
    op: AveragePool2D | Sum,
    template: str,
    args: tuple[Arg, ...],
    further: Callable[[], Mapping[str, Any]] = dict,
    needs: tuple[str, ...] = ("requantize",),
    sums: int | None = None,
) -> Lowered:
    """A kernel that adds row after row to `sums` int32 (one per channel) and writes the output after the last.

    further   values of the template beyond those that all have
    """
    _, height, width, channels = op.input.shape

    def params(units: int) -> dict[str, Any]:
        return {
            "ctype": op.output.dtype.c,
            "whole": whole_range(op.output),
            "rows": height,
            "width": width,
            "channels": channels,
            "count": height * width,
            "mean": isinstance(op, AveragePool2D),
            **further(),
        }

    state_bytes = 4 * (channels if sums is None else sums)
    return Lowered(
        Code(template, params, needs), Layout((RowWindow(),), gathers=True, state_bytes=state_bytes), args=args
    )
