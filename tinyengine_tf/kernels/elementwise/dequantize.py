"""DEQUANTIZE to float32, element by element, without libm."""

from __future__ import annotations

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.base import Lowered, kernel
from tinyengine_tf.kernels.elementwise.unary import unary
from tinyengine_tf.kernels.types import Types
from tinyengine_tf.ops.quantize import Dequantize
from tinyengine_tf.target import Core

TO_FLOAT = Types(data=(DType.INT8, DType.UINT8, DType.INT16), out=(DType.FLOAT32,))


@kernel(Dequantize, types=(TO_FLOAT,))
def te_dequantize_f32(op: Dequantize, core: Core) -> Lowered:
    """One float32 product, rounded once as TFLM's double product is."""
    return unary(op, "elementwise/dequantize.c.j2", {"scale": op.input.scale, "zero": op.input.zero_point})
