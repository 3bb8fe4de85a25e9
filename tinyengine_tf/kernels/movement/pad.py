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
        "levels": _levels(op),
    }


def _levels(op: Pad) -> list[tuple[int, int, int]]:
    """(times, before, after) from the outermost dimension in, the last one being one run of elements.

    `before` and `after` count output elements; dimensions without padding are joined to the one outside them.
    """
    levels: list[list[int]] = []
    step = op.output.elements
    for size, before, after in zip(op.input.shape, op.before, op.after, strict=True):
        step //= size + before + after
        if levels and before == after == 0:
            levels[-1][0] *= size
        else:
            levels.append([size, before * step, after * step])
    return [(size, before, after) for size, before, after in levels] or [(1, 0, 0)]
