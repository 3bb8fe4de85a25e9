"""PAD of the rows, columns and channels of images, one output row per call."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Because, Code, Layout, Lowered, RowWindow, kernel
from tinyengine_tf.kernels.literal import literal
from tinyengine_tf.kernels.types import MOVED
from tinyengine_tf.ops.pad import Pad
from tinyengine_tf.target import Core


@kernel(Pad, types=(MOVED,), before=("te_pad",))
def te_pad_rows(op: Pad, core: Core) -> Lowered | Because:
    """One output row per call."""
    if len(op.input.shape) != 4 or op.before[0] or op.after[0]:
        return Because("not rows, columns and channels of images")
    return Lowered(Code("movement/pad_rows.c.j2", lambda units: _params(op)), Layout((RowWindow(pad=op.before[1]),)))


def _params(op: Pad) -> dict[str, Any]:
    return {
        "ctype": op.output.dtype.c,
        "width": op.output.dtype.nbytes,
        "fill_value": literal(op.fill, op.output.dtype),
        "columns": op.input.shape[2],
        "channels": op.input.shape[3],
        "out_channels": op.output.shape[3],
        "left": op.before[2],
        "right": op.after[2],
        "front": op.before[3],
        "back": op.after[3],
        "padded_rows": op.before[1] + op.after[1] > 0,
    }
