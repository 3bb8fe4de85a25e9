"""Strided copies of any shape: transposing, slicing, splitting, repeating, and all that is one of these."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Code, Layout, Lowered, kernel
from tinyengine_tf.kernels.types import MOVED
from tinyengine_tf.ops.known import Repeat
from tinyengine_tf.ops.rearrange import BatchToSpace, DepthToSpace, SpaceToBatch, SpaceToDepth
from tinyengine_tf.ops.slice import Reverse, Slice, Split, Unpack
from tinyengine_tf.ops.strided_copy import Copy, StridedCopy
from tinyengine_tf.ops.strided_slice import StridedSlice
from tinyengine_tf.ops.transpose import Transpose
from tinyengine_tf.target import Core

STRIDED = (
    StridedCopy,
    Copy,
    Transpose,
    Slice,
    StridedSlice,
    Split,
    Unpack,
    Reverse,
    Repeat,
    SpaceToDepth,
    DepthToSpace,
    SpaceToBatch,
    BatchToSpace,
)


@kernel(*STRIDED, types=(MOVED,))
def te_copy(op: StridedCopy, core: Core) -> Lowered:
    """Nested loops over runs."""
    return Lowered(
        Code("movement/copy.c.j2", lambda units: copy_params(op, op.loops)),
        Layout(distances=(op.distance * op.output.dtype.nbytes,)),
    )


def copy_params(op: StridedCopy, loops: tuple[tuple[int, int], ...]) -> dict[str, Any]:
    """The innermost loop is a run of elements; the others are around it."""
    *outer, (run, step) = loops or ((1, 1),)
    return {
        "ctype": op.output.dtype.c,
        "width": op.output.dtype.nbytes,
        "offset": op.offset,
        "outer": outer,
        "run": run,
        "step": step,
    }
