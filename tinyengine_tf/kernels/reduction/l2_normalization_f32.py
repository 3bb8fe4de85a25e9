"""L2_NORMALIZATION in float32."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Code, Layout, Lowered, kernel
from tinyengine_tf.kernels.types import F32
from tinyengine_tf.ops.float_l2_normalization import LEAST_LENGTH, FloatL2Normalization
from tinyengine_tf.target import Core


@kernel(FloatL2Normalization, types=(F32,))
def te_l2_normalization_f32(op: FloatL2Normalization, core: Core) -> Lowered:
    """One root per vector, one division per value.

    Whole tensors: a vector is read twice, the last time element by element as the output is written.
    """
    params = {"rows": op.input.elements // op.depth, "depth": op.depth, "least": LEAST_LENGTH}
    return Lowered(Code("reduction/l2_normalization_f32.c.j2", lambda units: params, ("math",)), Layout(distances=(0,)))
