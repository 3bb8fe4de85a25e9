"""SOFTMAX in float32 with the C library's expf."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Code, Layout, Lowered, kernel
from tinyengine_tf.kernels.types import F32
from tinyengine_tf.ops.float_softmax import FloatSoftmax
from tinyengine_tf.target import Core


@kernel(FloatSoftmax, types=(F32,))
def te_softmax_f32(op: FloatSoftmax, core: Core) -> Lowered:
    """expf of math.h.

    Whole tensors: a row is read twice, the second time element by element as the output is written.
    """
    params = {"rows": op.input.elements // op.depth, "depth": op.depth, "beta": op.beta}
    return Lowered(Code("reduction/softmax_f32.c.j2", lambda units: params, ("math",)), Layout(distances=(0,)))
