"""Functions of one float32 value that need no libm."""

from __future__ import annotations

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.base import Because, Lowered, kernel
from tinyengine_tf.kernels.elementwise.unary import unary
from tinyengine_tf.kernels.types import Types
from tinyengine_tf.ops.float_function import FloatFunction
from tinyengine_tf.target import Core

IN_C = {
    "ABS": "x < 0.0f ? -x : x + 0.0f",
    "NEG": "-x",
    "SQUARE": "x * x",
    "RELU": "x < 0.0f ? 0.0f : x",
    "RELU6": "x > 6.0f ? 6.0f : x < 0.0f ? 0.0f : x",
    "LEAKY_RELU": "x > 0.0f ? x : x * alpha",
}

NEEDS_LIBM = Because(
    "it is computed only where its input is one dequantised int8 tensor and its result is quantised again, to "
    "integers that do not depend on how a C library rounds"
)


@kernel(FloatFunction, types=(Types(data=(DType.FLOAT32,), out=(DType.FLOAT32,)),))
def te_function_f32(op: FloatFunction, core: Core) -> Lowered | Because:
    """float32 arithmetic without libm."""
    if op.function not in IN_C:
        return NEEDS_LIBM
    further = {"function": op.function, "result": IN_C[op.function], "alpha": op.alpha}
    return unary(op, "elementwise/float_function.c.j2", further)
