"""ARG_MAX and ARG_MIN in portable C."""

from __future__ import annotations

import math
from typing import Any

from tinyengine_tf.kernels.base import Layout
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.ops.arg_extreme import ArgExtreme


@class_kernel
class ArgExtremePortable(ClassKernel):
    name = "te_arg_extreme"
    ops = (ArgExtreme,)
    why = "portable C, any axis"
    template = "reduction/arg_extreme.c.j2"

    def layout(self, op: ArgExtreme) -> Layout:
        return Layout()

    def params(self, op: ArgExtreme, units: int) -> dict[str, Any]:
        shape = op.input.shape
        return {
            "type": op.input.dtype.c,
            "outer": math.prod(shape[: op.axis]),
            "size": shape[op.axis],
            "inner": math.prod(shape[op.axis + 1 :]),
            "compare": ">" if op.largest else "<",
        }
