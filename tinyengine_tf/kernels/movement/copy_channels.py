"""Strided copies of the same channels of every pixel, which can be done row by row."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Because, Code, Layout, Lowered, RowWindow, image_rows, kernel
from tinyengine_tf.kernels.movement.copy import STRIDED, copy_params
from tinyengine_tf.kernels.types import MOVED
from tinyengine_tf.ops.strided_copy import StridedCopy
from tinyengine_tf.target import Core


@kernel(*STRIDED, types=(MOVED,), before=("te_copy",))
def te_copy_channels(op: StridedCopy, core: Core) -> Lowered | Because:
    """The same channels of every pixel."""
    if len(op.loops) != 2 or op.loops[1][1] != 1 or op.loops[0][0] * op.loops[0][1] != op.input.elements:
        return Because("not the same channels of every pixel")
    (pixels, pitch), channels = op.loops
    rows = image_rows(op.output)
    if rows is None or rows != image_rows(op.input) or pixels % rows:
        return Because("input and output are not made of the same rows")
    return Lowered(
        Code("movement/copy.c.j2", lambda units: copy_params(op, ((units, pitch), channels))),
        Layout((RowWindow(),), flat=pixels, hold=1, distances=(op.distance * op.output.dtype.nbytes,)),
    )
