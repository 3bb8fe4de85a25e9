"""SVDF in portable C."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Lowered, kernel
from tinyengine_tf.kernels.recurrent.dot4 import PORTABLE
from tinyengine_tf.kernels.recurrent.svdf_layer import SVDF_S8, svdf_layer
from tinyengine_tf.ops.svdf import Svdf
from tinyengine_tf.target import Core


@kernel(Svdf, types=(SVDF_S8,))
def te_svdf_s8(op: Svdf, core: Core) -> Lowered:
    """Each input is multiplied with the weights of four filters."""
    return svdf_layer(op, PORTABLE)
