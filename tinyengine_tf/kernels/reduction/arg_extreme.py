"""ARG_MAX and ARG_MIN in portable C."""

from __future__ import annotations

import math
from typing import Any

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.base import Code, Lowered, kernel
from tinyengine_tf.kernels.types import Types
from tinyengine_tf.ops.arg_extreme import ArgExtreme
from tinyengine_tf.target import Core


@kernel(ArgExtreme, types=(Types(data=(DType.INT8, DType.FLOAT32), out=(DType.INT32,)),))
def te_arg_extreme(op: ArgExtreme, core: Core) -> Lowered:
    """Portable C, any axis."""
    return Lowered(Code("reduction/arg_extreme.c.j2", lambda units: _params(op)))


def _params(op: ArgExtreme) -> dict[str, Any]:
    shape = op.input.shape
    return {
        "type": op.input.dtype.c,
        "outer": math.prod(shape[: op.axis]),
        "size": shape[op.axis],
        "inner": math.prod(shape[op.axis + 1 :]),
        "compare": ">" if op.largest else "<",
    }
