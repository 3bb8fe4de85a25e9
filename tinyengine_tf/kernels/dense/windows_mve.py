"""CONV_2D with Helium, lowered: windows of up to three pixels are gathered into scratch memory, then multiplied."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.arithmetic.requantize_mve import VectorRequantization, vector_requantization
from tinyengine_tf.kernels.assembly import in_assembly
from tinyengine_tf.kernels.base import Because, Code, Layout, Lowered
from tinyengine_tf.kernels.dense.dense_mve import BYTES, PIXELS, DenseCode, WeightForm, stream_table
from tinyengine_tf.kernels.dense.gather_mve import gather
from tinyengine_tf.kernels.dense.weighted import depth
from tinyengine_tf.kernels.dense.window import conv_window, pads_columns
from tinyengine_tf.kernels.dense.window_mve import window_values
from tinyengine_tf.ops.conv2d import Conv2D


def windows_mve(op: Conv2D, form: WeightForm = BYTES) -> Lowered | Because:
    """A dense convolution."""
    if op.groups > 1:
        return Because("the convolution is grouped")
    rq = vector_requantization(op)
    return Lowered(
        Code("dense/conv2d_mve.c.j2", lambda units: _params(op, rq, form), ("intrinsics_mve",)),
        Layout((conv_window(op),), scratch_bytes=min(PIXELS, op.out_image.w) * depth(op)),
        (stream_table(op, rq, False, form),),
        (op.input.zero_point,),
    )


def _params(op: Conv2D, rq: VectorRequantization, form: WeightForm) -> dict[str, Any]:
    w, n, width = op.window, depth(op), op.out_image.w
    code = DenseCode(op, rq, n, False, form)

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
        "padded": pads_columns(op),
        "run": w.kernel.w if w.dilation.w == 1 else 1,
        "blocks": [(size, count, products(size), gather(op, size)) for size, count in code.blocks(width)],
        "window_values": window_values(),
    }
