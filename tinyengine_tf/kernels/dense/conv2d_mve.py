"""CONV_2D with Helium: windows of up to three pixels are gathered into scratch memory, then it is a matrix product.

Where a window is one run of its row (a single kernel row, nothing outside the image), it is multiplied where it lies.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from tinyengine_tf.kernels.assembly import FUNCTION, in_assembly
from tinyengine_tf.kernels.base import Layout, RowWindow, Table
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.kernels.dense.conv2d import conv_window
from tinyengine_tf.kernels.dense.dense_mve import (
    CHUNK,
    PIXELS,
    DenseCode,
    dense_stream,
    depth,
)
from tinyengine_tf.machine import flow
from tinyengine_tf.machine.helium import LARGEST_OFFSET, vctp, vldrb, vstrb
from tinyengine_tf.machine.instruction import Item
from tinyengine_tf.machine.program import Argument, thumb2_function
from tinyengine_tf.machine.registers import q, r0, r1, r2, r3, r5, r6, r7, r8, r9
from tinyengine_tf.machine.thumb2 import add, add_number, ldr, mov
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.target import Core

GATHER_ARGUMENTS = (
    Argument("const int8_t *const *", "in"),
    Argument("int32_t", "offset"),
    Argument("int8_t *", "to"),
)


def is_padded(op: Conv2D) -> bool:
    """Whether windows reach beyond the image's left or right edge."""
    return op.window.pad_left > 0 or op.window.padding_after(op.image, op.out_image).w > 0


def lies_in_row(op: Conv2D) -> bool:
    return op.window.kernel.h == 1 and op.window.dilation.w == 1 and not is_padded(op)


def run_bytes(op: Conv2D) -> int:
    """Neighbouring bytes of a row that belong to one window."""
    return op.input.shape[3] * (op.window.kernel.w if op.window.dilation.w == 1 else 1)


def gather_code(op: Conv2D, pixels: int) -> list[Item] | None:
    """Assembly that copies the windows of neighbouring pixels inside the image; None where loads do not reach that far.

    r0 rows, r1 offset of the first window's first column, r2 to. Runs of less than 16 bytes are stored as 16 where
    what is too much lies within the window: the next one comes over it.
    """
    w, channels, run, n = op.window, op.input.shape[3], run_bytes(op), depth(op)
    pieces = [*range(0, run - CHUNK + 1, CHUNK), *([run - CHUNK] if run % CHUNK and run > CHUNK else [])] or [0]
    runs = 1 if w.dilation.w == 1 else w.kernel.w
    starts = [j * w.dilation.w * channels for j in range(runs)]
    if starts[-1] + pieces[-1] > LARGEST_OFFSET:
        return None
    step, partial = w.stride.w * channels, run < CHUNK
    near = (pixels - 1) * step + starts[-1] + pieces[-1] <= LARGEST_OFFSET
    code: list[Item] = [mov(r3, run), vctp(8, r3)] if partial else []
    targets = (r2, r5, r6)[:pixels]
    for before, target in pairwise(targets):
        code += [mov(target, before), *add_number(target, n, r3)]
    sources = (r7,) * pixels if near else (r7, r8, r9)[:pixels]
    for i in range(w.kernel.h):
        code += [ldr(r7, r0[4 * i]), add(r7, r7, r1)]
        for before, source in pairwise(sources) if not near else ():
            code += [mov(source, before), *add_number(source, step, r3)]
        for j, start in enumerate(starts):
            for k, piece in enumerate(pieces):
                at = [start + piece + (p * step if near else 0) for p in range(pixels)]
                loads = [vldrb(q[p], source[at[p]], "8") for p, source in enumerate(sources)]
                following = pieces[k + 1] - piece if k + 1 < len(pieces) else run - piece
                stores = [vstrb(q[p], target.post(following), "8") for p, target in enumerate(targets)]
                code += flow.predicated_if(partial, *loads)
                code += flow.predicated_if(partial and (i * runs + j) * run + CHUNK > n, *stores)
    return code


def gather(op: Conv2D, pixels: int) -> dict[str, Any] | None:
    """`gather_code` as a function for the template."""
    code = gather_code(op, pixels)
    if code is None:
        return None
    comment = f"Copies the windows of {pixels} neighbouring pixels, {depth(op)} bytes each."
    return in_assembly(comment, thumb2_function(GATHER_ARGUMENTS, code, r9_is_free=True))


class Conv2DMve(ClassKernel):
    ops = (Conv2D,)
    isa = "mve"

    def rejects(self, op: Conv2D, core: Core) -> str | None:
        return "the convolution is grouped" if op.groups > 1 else None

    def tables(self, op: Conv2D) -> tuple[Table, ...]:
        return (dense_stream(op, single=False),)


@class_kernel
class Conv2DGatheredMve(Conv2DMve):
    name = "te_conv2d_s8_mve"
    why = "core has Helium: windows are gathered, then 2 filters x 3 pixels, 16 products each at once"
    template = "dense/conv2d_mve.c.j2"
    rank = 21
    needs = ("intrinsics_mve",)

    def layout(self, op: Conv2D) -> Layout:
        return Layout((conv_window(op),), scratch_bytes=min(PIXELS, op.out_image.w) * depth(op))

    def params(self, op: Conv2D, units: int) -> dict[str, Any]:
        w, n, width = op.window, depth(op), op.out_image.w
        code = DenseCode(op, n, single=False)

        def products(size: int) -> dict[str, Any]:
            comment = f"A matrix product of {size} gathered pixels: {n} -> {op.out_channels} channels."
            return in_assembly(comment, code.function(size))

        return {
            "window": w,
            "in_width": op.image.w,
            "in_channels": op.input.shape[3],
            "out_width": width,
            "out_channels": op.out_channels,
            "depth": n,
            "padded": is_padded(op),
            "run": w.kernel.w if w.dilation.w == 1 else 1,
            "blocks": [(size, count, products(size), gather(op, size)) for size, count in code.blocks(width)],
        }

    def args(self, op: Conv2D) -> tuple[str, ...]:
        return (str(op.input.zero_point),)


@class_kernel
class Conv2DInRowMve(Conv2DMve):
    name = "te_conv2d_s8_row_mve"
    why = "one kernel row, core has Helium: windows are multiplied where they lie"
    template = FUNCTION
    rank = 22

    def rejects(self, op: Conv2D, core: Core) -> str | None:
        return super().rejects(op, core) or (None if lies_in_row(op) else "windows are more than a run of one row")

    def layout(self, op: Conv2D) -> Layout:
        row = conv_window(op)
        return Layout((RowWindow(row.size, row.stride, row.dilation, row.pad, fill=row.fill),))

    def params(self, op: Conv2D, units: int) -> dict[str, Any]:
        width = op.out_image.w
        return in_assembly(
            f"One output row of a 1x{op.window.kernel.w} convolution, {op.image.w} -> {width} pixels of "
            f"{op.input.shape[3]} -> {op.out_channels} channels.",
            DenseCode(op, op.window.stride.w * op.input.shape[3], single=False).function(width),
        )
