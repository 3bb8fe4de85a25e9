"""RESIZE_NEAREST_NEIGHBOR in portable C, one output row per call."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyengine_tf.kernels.base import Code, Layout, Lowered, RowWindow, Table, kernel
from tinyengine_tf.kernels.types import MOVED
from tinyengine_tf.ops.resize import ResizeNearest
from tinyengine_tf.target import Core


@kernel(ResizeNearest, types=(MOVED,))
def te_resize_nearest(op: ResizeNearest, core: Core) -> Lowered:
    """One output row per call."""
    factor, places = _factor(op), Table.of_places("columns", op.sources(2))

    def params(units: int) -> dict[str, Any]:
        return {
            "ctype": op.output.dtype.c,
            "width": op.output.dtype.nbytes,
            "channels": op.output.shape[3],
            "columns": op.input.shape[2],
            "out_columns": op.output.shape[2],
            "factor": factor,
            "places": places.ctype,
        }

    return Lowered(
        Code("movement/resize_nearest.c.j2", params),
        Layout((RowWindow(starts=op.sources(1)),)),
        () if factor else (places,),
    )


def _factor(op: ResizeNearest) -> int:
    """How often every column is repeated, 0 if not all equally often."""
    sources = op.sources(2)
    factor = len(sources) // op.input.shape[2]
    return factor if sources == tuple(np.repeat(range(op.input.shape[2]), factor)) else 0
