"""SVDF with Helium."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Lowered, kernel
from tinyengine_tf.kernels.recurrent.dot4 import MVE
from tinyengine_tf.kernels.recurrent.svdf_layer import SVDF_S8, svdf_layer
from tinyengine_tf.ops.svdf import Svdf
from tinyengine_tf.target import Core


@kernel(Svdf, types=(SVDF_S8,), isa="mve", before=("te_svdf_s8_dsp",))
def te_svdf_s8_mve(op: Svdf, core: Core) -> Lowered:
    """Core has Helium: 16 inputs with the weights of a filter at once."""
    return svdf_layer(op, MVE)
