"""RESIZE_BILINEAR in portable C, one output row per call."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyengine_tf.kernels.base import ROW, Code, Layout, Lowered, RowWindow, Table, kernel
from tinyengine_tf.kernels.types import S8
from tinyengine_tf.ops.resize import ResizeBilinear
from tinyengine_tf.target import Core


@kernel(ResizeBilinear, types=(S8,))
def te_resize_bilinear_s8(op: ResizeBilinear, core: Core) -> Lowered:
    """One output row per call."""
    rows, columns = op.blend(1), op.blend(2)
    places = Table.of_places("columns", columns.first)

    def params(units: int) -> dict[str, Any]:
        return {"out_columns": op.output.shape[2], "channels": op.output.shape[3], "places": places.ctype}

    return Lowered(
        Code("movement/resize_bilinear.c.j2", params),
        Layout((RowWindow(2, starts=rows.first),)),
        (
            Table("row_shares", "int16_t", len(rows.share), lambda: np.array(rows.share)),
            places,
            Table("column_shares", "int16_t", len(columns.share), lambda: np.array(columns.share)),
        ),
        (ROW,),
    )
