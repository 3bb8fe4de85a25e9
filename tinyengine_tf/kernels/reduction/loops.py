"""What kernels of reductions over any dimensions share."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.ops.base import whole_range
from tinyengine_tf.ops.reduce import Reduce


def reduce_distance(op: Reduce) -> int:
    """max(t - first source of t) over output elements t, in bytes.

    Output c is written when channel c of all pixels has been read, and channels after c lie after it.
    """
    ahead, step = 0, op.output.elements
    for size, stride in op.loops[0]:
        step //= size
        ahead += max(0, (size - 1) * (step - stride))
    return ahead * op.output.dtype.nbytes


def loops_of(op: Reduce) -> dict[str, Any]:
    """What reduce_loops.j2 asks."""
    kept, reduced = op.loops
    return {"kept": kept, "reduced": reduced or ((1, 0),)}


def loop_params(op: Reduce) -> dict[str, Any]:
    """The same, and what kernels of integers ask of their type."""
    return {"ctype": op.output.dtype.c, "whole": whole_range(op.output), **loops_of(op)}
