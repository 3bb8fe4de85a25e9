"""Global averages and sums in float32: rows are added up as they come, which is TFLM's order."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import ROW, Code, Layout, Lowered, RowWindow
from tinyengine_tf.ops.float_clamp import NO_CLAMP, FloatRange
from tinyengine_tf.ops.float_pool2d import FloatAveragePool2D
from tinyengine_tf.ops.float_reduce import FloatSum


def gathered_f32(op: FloatAveragePool2D | FloatSum, divisor: int, clamp: FloatRange = NO_CLAMP) -> Lowered:
    """A kernel that adds row after row to one sum per channel and writes the output after the last."""
    _, height, width, channels = op.input.shape

    def params(units: int) -> dict[str, Any]:
        return {
            "rows": height,
            "width": width,
            "channels": channels,
            "divisor": divisor,
            "pools": isinstance(op, FloatAveragePool2D),
            "low": clamp[0],
            "high": clamp[1],
        }

    needs = ("clamp_f32",) if isinstance(op, FloatAveragePool2D) else ()
    layout = Layout((RowWindow(),), gathers=True, state_bytes=channels * op.output.dtype.nbytes)
    return Lowered(Code("reduction/global_sum_f32.c.j2", params, needs), layout, args=(ROW,))
