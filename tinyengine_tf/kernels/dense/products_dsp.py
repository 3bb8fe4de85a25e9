"""Matrix products with SMLAD, lowered for pixels as they are and for windows, whatever multiplies widened inputs.

Three pixels are widened together, once for all filters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tinyengine_tf.kernels.base import Because, Code, Layout, Lowered, RowWindow, Table
from tinyengine_tf.kernels.dense.dense_dsp import DenseCode
from tinyengine_tf.kernels.dense.dense_stream import PIXELS, groups
from tinyengine_tf.kernels.dense.matrix_product import MatrixProduct, not_pointwise, pixels_of
from tinyengine_tf.kernels.dense.weighted import depth
from tinyengine_tf.kernels.dense.window import conv_window
from tinyengine_tf.machine.thumb2 import LARGEST_OFFSET
from tinyengine_tf.ops.conv2d import Conv2D, WeightedOp


@dataclass(frozen=True, eq=False)
class Products:
    """What multiplies widened inputs.

    dense     its functions
    stream    the constants they read
    widening  the values of c/widen_dsp.c.j2, from the number of pixels and the step
    widen     how names of functions that widen begin; those for single groups are in c/`word`.c.j2
    """

    dense: DenseCode
    stream: Table
    widening: Callable[[int, int], dict[str, Any]]
    widen: str
    word: str

    @property
    def params(self) -> dict[str, Any]:
        return {"block": PIXELS, "dense": self.dense, "widening": self.widening, "widen": self.widen}


ProductsOf = Callable[[WeightedOp], Products | Because]


def pointwise_dsp(op: MatrixProduct, products_of: ProductsOf) -> Lowered | Because:
    """A matrix product over pixels."""
    found = not_pointwise(op) or products_of(op)
    if isinstance(found, Because):
        return found
    pixels = pixels_of(op)

    def params(units: int) -> dict[str, Any]:
        return {"pixels": units, "in_channels": depth(op), "out_channels": op.out_channels, **found.params}

    return Lowered(
        Code("dense/pointwise_dsp.c.j2", params, (found.word,)),
        Layout((RowWindow(),), flat=pixels, scratch_bytes=8 * groups(op) * min(pixels, PIXELS)),
        (found.stream,),
    )


def conv2d_dsp(op: Conv2D, products_of: ProductsOf) -> Lowered | Because:
    """A convolution whose windows are widened."""
    if op.groups > 1:
        return Because("a grouped convolution")
    found = products_of(op)
    if isinstance(found, Because):
        return found
    return Lowered(
        Code("dense/conv2d_dsp.c.j2", lambda units: _geometry(op) | found.params, (found.word,)),
        Layout((conv_window(op),), scratch_bytes=8 * groups(op) * min(op.out_image.w, PIXELS)),
        (found.stream,),
        (op.input.zero_point,),
    )


def _geometry(op: Conv2D) -> dict[str, Any]:
    window, width, out_width, channels = op.window, op.image.w, op.out_image.w, op.input.shape[3]
    after = window.padding_after(op.image, op.out_image).w
    # Output columns whose windows lie within the image.
    first = -(-window.pad_left // window.stride.w)
    inner = out_width if after == 0 else (width + window.pad_left - window.extent.w) // window.stride.w + 1
    together = window.stride.w * channels * (PIXELS - 1) <= LARGEST_OFFSET
    return {
        "window": window,
        "in_width": width,
        "in_channels": channels,
        "out_width": out_width,
        "first_inner": first,
        "end_inner": max(inner, 0),
        "together": together,
        "padded": first > 0 or inner < out_width,
        "out_channels": op.out_channels,
        "groups": groups(op),
    }
