"""Functions of one float32 value: a table where the value comes from an int8 tensor, else what needs no libm."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyengine_tf.kernels.base import Table
from tinyengine_tf.kernels.class_kernel import class_kernel
from tinyengine_tf.kernels.elementwise.lookup import Elementwise
from tinyengine_tf.ops.float_function import FloatFunction, FloatTable
from tinyengine_tf.target import Core

IN_C = {
    "ABS": "x < 0.0f ? -x : x + 0.0f",
    "NEG": "-x",
    "SQUARE": "x * x",
    "RELU": "x < 0.0f ? 0.0f : x",
    "RELU6": "x > 6.0f ? 6.0f : x < 0.0f ? 0.0f : x",
    "LEAKY_RELU": "x > 0.0f ? x : x * alpha",
}


@class_kernel
class FloatTablePortable(Elementwise):
    name = "te_table_f32"
    ops = (FloatTable,)
    why = "one table of all 256 results"
    template = "elementwise/lookup.c.j2"

    def tables(self, op: FloatTable) -> tuple[Table, ...]:
        """The outputs in the order of the input's bit patterns 0..255."""
        return (Table("table", "float", 256, lambda: np.roll(np.array(op.table, np.float32), 128)),)


@class_kernel
class FloatFunctionPortable(Elementwise):
    name = "te_function_f32"
    ops = (FloatFunction,)
    why = "float32 arithmetic without libm"
    template = "elementwise/float_function.c.j2"

    def rejects(self, op: FloatFunction, core: Core) -> str | None:
        if op.function in IN_C:
            return None
        return (
            "it is computed only where its input is one dequantised int8 tensor and its result is quantised again, to "
            "integers that do not depend on how a C library rounds"
        )

    def params(self, op: FloatFunction, units: int) -> dict[str, Any]:
        return {**super().params(op, units), "function": op.function, "result": IN_C[op.function], "alpha": op.alpha}
