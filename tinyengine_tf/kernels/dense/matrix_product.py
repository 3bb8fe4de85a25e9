"""Which layers are products of every pixel with one weight matrix: 1x1 convolutions and fully-connected layers."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.fully_connected import FullyConnected

MatrixProduct = Conv2D | FullyConnected


def not_pointwise(op: MatrixProduct) -> Because | None:
    """Why an operator is not one matrix product over pixels, or None."""
    if isinstance(op, FullyConnected):
        return Because("the weights have a zero point") if op.weights_zero_point else None
    same_pixels = op.window.is_pointwise and op.image == op.out_image  # padding may follow the image
    return None if same_pixels and op.groups == 1 else Because("not a dense 1x1 convolution of stride 1")


def not_single(op: MatrixProduct) -> Because | None:
    """Why an operator is not the product of one pixel, or None."""
    return not_pointwise(op) or (Because("more than one pixel") if pixels_of(op) > 1 else None)


def pixels_of(op: MatrixProduct) -> int:
    """Rows of the product."""
    return op.output.elements // op.out_channels
