"""QUANTIZE from float32, element by element, without libm."""

from __future__ import annotations

import numpy as np

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.base import Lowered, kernel
from tinyengine_tf.kernels.elementwise.unary import unary
from tinyengine_tf.kernels.types import Types
from tinyengine_tf.ops.quantize import Quantize
from tinyengine_tf.target import Core


@kernel(Quantize, types=(Types(data=(DType.FLOAT32,), out=(DType.INT8, DType.INT16)),))
def te_quantize_f32(op: Quantize, core: Core) -> Lowered:
    """float32 arithmetic of TFLM, saturating."""
    info = np.iinfo(op.output.dtype.numpy)
    further = {
        "scale": op.output.scale,
        "zero": op.output.zero_point,
        "low": int(info.min),
        "high": int(info.max),
    }
    return unary(op, "elementwise/quantize.c.j2", further)
