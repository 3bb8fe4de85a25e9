"""SVDF with SMLAD."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Lowered, kernel
from tinyengine_tf.kernels.recurrent.dot4 import DSP
from tinyengine_tf.kernels.recurrent.svdf_layer import SVDF_S8, svdf_layer
from tinyengine_tf.ops.svdf import Svdf
from tinyengine_tf.target import Core


@kernel(Svdf, types=(SVDF_S8,), isa="dsp", before=("te_svdf_s8",))
def te_svdf_s8_dsp(op: Svdf, core: Core) -> Lowered:
    """Core has DSP: four inputs with the weights of four filters by SMLAD."""
    return svdf_layer(op, DSP)
