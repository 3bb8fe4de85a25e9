"""SVDF on every kind of core; they differ in how four rows of weights are multiplied (dot4)."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Lowered, kernel
from tinyengine_tf.kernels.recurrent.dot4 import DSP, MVE, PORTABLE
from tinyengine_tf.kernels.recurrent.svdf_layer import SVDF_S8, svdf_layer
from tinyengine_tf.ops.svdf import Svdf
from tinyengine_tf.target import Core


@kernel(Svdf, types=(SVDF_S8,))
def te_svdf_s8(op: Svdf, core: Core) -> Lowered:
    """Each input is multiplied with the weights of four filters."""
    return svdf_layer(op, PORTABLE)


@kernel(Svdf, types=(SVDF_S8,), isa="dsp", before=("te_svdf_s8",))
def te_svdf_s8_dsp(op: Svdf, core: Core) -> Lowered:
    """Core has DSP: four inputs with the weights of four filters by SMLAD."""
    return svdf_layer(op, DSP)


@kernel(Svdf, types=(SVDF_S8,), isa="mve", before=("te_svdf_s8_dsp",))
def te_svdf_s8_mve(op: Svdf, core: Core) -> Lowered:
    """Core has Helium: 16 inputs with the weights of a filter at once."""
    return svdf_layer(op, MVE)
