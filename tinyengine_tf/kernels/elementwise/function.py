"""Functions of one float32 value."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Code, Layout, Lowered, RowWindow, kernel
from tinyengine_tf.kernels.types import F32
from tinyengine_tf.ops.float_function import FloatFunction
from tinyengine_tf.target import Core

IN_C = {
    "ABS": "x < 0.0f ? -x : x + 0.0f",
    "NEG": "-x",
    "SQUARE": "x * x",
    "RELU": "x < 0.0f ? 0.0f : x",
    "RELU6": "x > 6.0f ? 6.0f : x < 0.0f ? 0.0f : x",
    "LEAKY_RELU": "x > 0.0f ? x : x * alpha",
    "HARD_SWISH": "x * te_clamp_f32(x + 3.0f, 0.0f, 6.0f) / 6.0f",
}
"""What is computed without the C library, in TFLM's order."""

IN_LIBM = {
    "SQRT": "sqrtf(x)",
    "RSQRT": "1.0f / sqrtf(x)",
    "CEIL": "ceilf(x)",
    "FLOOR": "floorf(x)",
    "ROUND": "te_round_f32(x)",
    "EXP": "expf(x)",
    "LOG": "logf(x)",
    "SIN": "sinf(x)",
    "COS": "cosf(x)",
    "TANH": "tanhf(x)",
    "ELU": "x < 0.0f ? expm1f(x) : x",
    "LOGISTIC": "te_sigmoid_f32(x)",
}
"""What takes math.h; sqrtf, ceilf and floorf are the same in every library."""

NEEDS = {"HARD_SWISH": ("clamp_f32",), "ROUND": ("math", "round_f32"), "LOGISTIC": ("math", "sigmoid_f32")}


@kernel(FloatFunction, types=(F32,))
def te_function_f32(op: FloatFunction, core: Core) -> Lowered:
    """One element after the other, with math.h where the function is one of the C library's."""
    result = IN_C.get(op.function) or IN_LIBM[op.function]
    needs = NEEDS.get(op.function, ("math",) if op.function in IN_LIBM else ())

    def params(units: int) -> dict[str, object]:
        return {"count": units, "function": op.function, "result": result, "alpha": op.alpha}

    layout = Layout((RowWindow(),), flat=op.output.elements, hold=0)
    return Lowered(Code("elementwise/float_function.c.j2", params, needs), layout)
