"""CONV_2D with Helium: windows of up to three pixels are gathered into scratch memory, then it is a matrix product.

Where a window is one run of its row (a single kernel row, nothing outside the image), it is multiplied where it lies.
"""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Kernel, Layout, RowWindow, Table, kernel
from tinyengine_tf.kernels.conv2d import conv_window
from tinyengine_tf.kernels.dense_mve import CHUNK, PIXELS, DenseCode, dense_stream, depth
from tinyengine_tf.kernels.pointwise_mve import ARGUMENTS
from tinyengine_tf.ops.conv2d import Conv2D


def is_padded(op: Conv2D) -> bool:
    """Whether windows reach beyond the image's left or right edge."""
    return op.window.pad_left > 0 or op.window.padding_after(op.image, op.out_image).w > 0


def lies_in_row(op: Conv2D) -> bool:
    return op.window.kernel.h == 1 and op.window.dilation.w == 1 and not is_padded(op)


class Conv2DMve(Kernel):
    ops = (Conv2D,)
    isa = "mve"

    def rejects(self, op: Conv2D, target: Any) -> str | None:
        return "the convolution is grouped" if op.groups > 1 else None

    def tables(self, op: Conv2D) -> tuple[Table, ...]:
        return (dense_stream(op, single=False),)


@kernel
class Conv2DGatheredMve(Conv2DMve):
    name = "te_conv2d_s8_mve"
    why = "core has Helium: windows are gathered, then 2 filters x 3 pixels, 16 products each at once"
    template = "conv2d_mve.c.j2"
    rank = 21
    needs = ("copy_mve",)

    def layout(self, op: Conv2D) -> Layout:
        return Layout((conv_window(op),), scratch_bytes=min(PIXELS, op.out_image.w) * depth(op))

    def params(self, op: Conv2D, units: int) -> dict[str, Any]:
        w, n, width = op.window, depth(op), op.out_image.w
        code = DenseCode(op, n, single=False)
        return {
            "window": w, "in_width": op.image.w, "in_channels": op.input.shape[3], "out_width": width, "out_channels": op.out_channels,
            "depth": n, "padded": is_padded(op), "run": w.kernel.w if w.dilation.w == 1 else 1, "chunk": CHUNK, "arguments": ARGUMENTS,
            "blocks": [(size, count, code.lines(size)) for size, count in code.blocks(width)],
        }

    def args(self, op: Conv2D) -> tuple[str, ...]:
        return (str(op.input.zero_point),)


@kernel
class Conv2DInRowMve(Conv2DMve):
    name = "te_conv2d_s8_row_mve"
    why = "one kernel row, core has Helium: windows are multiplied where they lie"
    template = "assembly_mve.c.j2"
    rank = 22

    def rejects(self, op: Conv2D, target: Any) -> str | None:
        return super().rejects(op, target) or (None if lies_in_row(op) else "windows are more than a run of one row")

    def layout(self, op: Conv2D) -> Layout:
        row = conv_window(op)
        return Layout((RowWindow(row.size, row.stride, row.dilation, row.pad, fill=row.fill),))

    def params(self, op: Conv2D, units: int) -> dict[str, Any]:
        width = op.out_image.w
        return {
            "comment": f"One output row of a {op.window.kernel.h}x{op.window.kernel.w} convolution, {op.image.w} -> {width} pixels of "
                       f"{op.input.shape[3]} -> {op.out_channels} channels.",
            "arguments": ARGUMENTS, "lines": DenseCode(op, op.window.stride.w * op.input.shape[3], single=False).lines(width),
        }
