"""RESIZE_BILINEAR in float32 and portable C, one output row per call."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyengine_tf.kernels.base import ROW, Code, Layout, Lowered, RowWindow, Table, kernel
from tinyengine_tf.kernels.types import F32
from tinyengine_tf.ops.float_resize_bilinear import FloatBlend, FloatResizeBilinear
from tinyengine_tf.target import Core


@kernel(FloatResizeBilinear, types=(F32,))
def te_resize_bilinear_f32(op: FloatResizeBilinear, core: Core) -> Lowered:
    """One output row per call."""
    places = Table.of_places(
        "columns", [c for pair in zip(op.columns.first, op.columns.second, strict=True) for c in pair]
    )

    def params(units: int) -> dict[str, Any]:
        return {"out_columns": op.output.shape[2], "channels": op.output.shape[3], "places": places.ctype}

    steps = [b - a for a, b in zip(op.rows.first, op.rows.second, strict=True)]
    return Lowered(
        Code("movement/resize_bilinear_f32.c.j2", params),
        Layout((RowWindow(2, starts=op.rows.first),)),
        (
            Table("row_steps", "int8_t", len(steps), lambda: np.array(steps)),
            _shares("row_shares", op.rows),
            places,
            _shares("column_shares", op.columns),
        ),
        (ROW,),
    )


def _shares(name: str, blend: FloatBlend) -> Table:
    return Table(name, "float", len(blend.share), lambda: np.array(blend.share, np.float32))
