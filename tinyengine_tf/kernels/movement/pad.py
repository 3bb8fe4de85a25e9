"""PAD and PADV2 of any dimensions, the whole tensor at once."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Code, Layout, Lowered, kernel
from tinyengine_tf.kernels.literal import literal
from tinyengine_tf.kernels.types import MOVED
from tinyengine_tf.ops.pad import Pad
from tinyengine_tf.target import Core


@kernel(Pad, types=(MOVED,))
def te_pad(op: Pad, core: Core) -> Lowered:
    """Any dimensions, the whole tensor."""
    return Lowered(
        Code("movement/pad.c.j2", lambda units: _params(op)),
        Layout(distances=(op.distance * op.output.dtype.nbytes,)),
    )


def _params(op: Pad) -> dict[str, Any]:
    return {
        "ctype": op.output.dtype.c,
        "width": op.output.dtype.nbytes,
        "fill_value": literal(op.fill, op.output.dtype),
        "levels": op.levels,
    }
