"""CUMSUM: one pass along the axis, of int8 requantised once per output element."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Code, Layout, Lowered, kernel
from tinyengine_tf.kernels.reduction.running_sum import SUMMED, sum_params
from tinyengine_tf.ops.running_sum import CumSum
from tinyengine_tf.target import Core


@kernel(CumSum, types=SUMMED)
def te_cumsum(op: CumSum, core: Core) -> Lowered:
    """One pass along the axis.

    Whole tensors; every element is read just before the output at its place is written, in ascending order only
    where terms are neighbours and summed from the first.
    """
    ascending = op.inner == 1 and not op.reverse
    return Lowered(
        Code("reduction/cumsum.c.j2", lambda units: _params(op), ("requantize",)),
        Layout(distances=(0,)) if ascending else Layout(in_place=True),
    )


def _params(op: CumSum) -> dict[str, Any]:
    return {
        **sum_params(op),
        "type": op.output.dtype.c,
        "outer": op.input.elements // (op.inner * op.terms),
        "inner": op.inner,
        "size": op.terms,
        "step": -op.inner if op.reverse else op.inner,
        "start": (op.terms - 1) * op.inner if op.reverse else 0,
        "exclusive": op.exclusive,
    }
