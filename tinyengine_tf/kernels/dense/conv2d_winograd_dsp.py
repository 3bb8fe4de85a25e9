"""Dense 3x3 convolutions of stride 1 with 4 instead of 9 products per output (winograd.py), two output rows at a time.

A call for an even row computes that row and the next one, which waits in the kernel's state for its own call.
"""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.arithmetic.fast_requantize import Requantization, solve
from tinyengine_tf.kernels.assembly import in_assembly
from tinyengine_tf.kernels.base import ROW, Because, Code, Layout, Lowered, RowWindow, kernel
from tinyengine_tf.kernels.dense.window import touches_image
from tinyengine_tf.kernels.dense.winograd import ELEMENTS, filter_words, run_groups, winograd_stream
from tinyengine_tf.kernels.dense.winograd_code import (
    TILES,
    OutputCode,
    columns,
    element_bytes,
    input_function,
    run_bytes,
)
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.machine.thumb2 import LARGEST_OFFSET
from tinyengine_tf.ops.base import HW
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.target import Core

SHORTEST_RUN = 4
"""Groups of four channels below which loops cost too much."""


def tiles_of(op: Conv2D) -> int:
    """Tiles side by side."""
    return -(-op.out_image.w // 2)


def blocks(tiles: int) -> tuple[tuple[int, int], ...]:
    """(tiles of a block, number of such blocks), in order."""
    return tuple((size, n) for size, n in ((TILES, tiles // TILES), (1, tiles % TILES)) if n)


@kernel(Conv2D, types=(S8,), isa="dsp", before=("te_pointwise_s8_dsp",), spends_flash=True)
def te_conv2d_s8_winograd_dsp(op: Conv2D, core: Core) -> Lowered | Because:
    """3x3, stride 1, core has DSP: 4 products per output with SMLAD, weights that take 3.6 times the flash."""
    rq = _reason_against(op) or solve(op)
    if isinstance(rq, Because):
        return rq
    return Lowered(
        Code("dense/conv2d_winograd_dsp.c.j2", lambda units: _params(op, rq), ("winograd_marks",)),
        _layout(op),
        (winograd_stream(op, rq),),
        (op.input.zero_point, ROW),
    )


def _reason_against(op: Conv2D) -> Because | None:
    """Why a layer's geometry is another one, or None."""
    w = op.window
    if w.kernel != HW(3, 3) or w.stride != HW(1, 1) or w.dilation != HW(1, 1) or op.groups > 1:
        return Because("not a dense 3x3 window of stride 1")
    channels = op.input.shape[3]
    if channels % 4 or op.out_channels % 2:
        return Because("input channels do not come in fours or output channels in pairs")
    if max(channels, op.out_channels) >= LARGEST_OFFSET:
        return Because("too many channels")
    run = run_groups(channels)
    if channels > 4 * run and run < SHORTEST_RUN:
        return Because("input channels do not divide into runs")
    return None if touches_image(op) else Because("windows outside the image")


def _layout(op: Conv2D) -> Layout:
    channels, tiles = op.input.shape[3], tiles_of(op)
    starts = tuple(y // 2 * 2 - op.window.pad_top for y in range(op.out_image.h))
    most = blocks(tiles)[0][0]
    scratch = ELEMENTS * element_bytes(most, channels, run_groups(channels))
    return Layout(
        (RowWindow(4, fill=op.input.zero_point, starts=starts),),
        scratch_bytes=scratch + (2 * op.out_channels * most if op.out_image.w % 2 else 0),
        state_bytes=2 * tiles * op.out_channels,
    )


def _params(op: Conv2D, rq: Requantization) -> dict[str, Any]:
    w, channels, filters = op.window, op.input.shape[3], op.out_channels
    run = run_groups(channels)
    padded = w.pad_left > 0 or 2 * tiles_of(op) + 2 - w.pad_left > op.image.w
    return {
        "in_width": op.image.w,
        "in_channels": channels,
        "out_width": op.out_image.w,
        "out_channels": filters,
        "pad_left": w.pad_left,
        "padded": padded,
        "run": run,
        "runs": channels // (4 * run),
        "elements": ELEMENTS,
        "blocks": [
            {
                "tiles": size,
                "count": count,
                "columns": columns(size),
                "run_bytes": run_bytes(size, run),
                "element_bytes": element_bytes(size, channels, run),
                "input": in_assembly(
                    f"Transforms {4 * run} channels of {size} tile{'s' if size > 1 else ''}.",
                    input_function(size, channels, run, padded),
                ),
                "output": in_assembly(
                    f"All {filters} channels of {size} transformed tile{'s' if size > 1 else ''}.",
                    OutputCode(size, channels, filters, run, filter_words(op, rq), rq).function(),
                ),
            }
            for size, count in blocks(tiles_of(op))
        ],
    }
