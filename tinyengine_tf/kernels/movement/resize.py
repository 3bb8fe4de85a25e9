"""RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR in portable C, one output row per call."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyengine_tf.kernels.base import Layout, RowWindow, Table
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.ops.resize import ResizeBilinear, ResizeNearest


@class_kernel
class ResizeNearestPortable(ClassKernel):
    name = "te_resize_nearest"
    ops = (ResizeNearest,)
    why = "one output row per call"
    template = "movement/resize_nearest.c.j2"

    def layout(self, op: ResizeNearest) -> Layout:
        return Layout((RowWindow(starts=op.sources(1)),))

    def tables(self, op: ResizeNearest) -> tuple[Table, ...]:
        return () if self._factor(op) else (self._places(op),)

    def params(self, op: ResizeNearest, units: int) -> dict[str, Any]:
        return {
            "ctype": op.output.dtype.c,
            "width": op.output.dtype.nbytes,
            "channels": op.output.shape[3],
            "columns": op.input.shape[2],
            "out_columns": op.output.shape[2],
            "factor": self._factor(op),
            "places": self._places(op).ctype,
        }

    @staticmethod
    def _places(op: ResizeNearest) -> Table:
        return Table.of_places("columns", op.sources(2))

    @staticmethod
    def _factor(op: ResizeNearest) -> int:
        """How often every column is repeated, 0 if not all equally often."""
        sources = op.sources(2)
        factor = len(sources) // op.input.shape[2]
        return factor if sources == tuple(np.repeat(range(op.input.shape[2]), factor)) else 0


@class_kernel
class ResizeBilinearPortable(ClassKernel):
    name = "te_resize_bilinear_s8"
    ops = (ResizeBilinear,)
    why = "one output row per call"
    template = "movement/resize_bilinear.c.j2"

    def layout(self, op: ResizeBilinear) -> Layout:
        return Layout((RowWindow(2, starts=op.blend(1).first),))

    def tables(self, op: ResizeBilinear) -> tuple[Table, ...]:
        rows, columns = op.blend(1), op.blend(2)
        return (
            Table("row_shares", "int16_t", len(rows.share), lambda: np.array(rows.share)),
            Table.of_places("columns", columns.first),
            Table("column_shares", "int16_t", len(columns.share), lambda: np.array(columns.share)),
        )

    def params(self, op: ResizeBilinear, units: int) -> dict[str, Any]:
        places = Table.of_places("columns", op.blend(2).first).ctype
        return {"out_columns": op.output.shape[2], "channels": op.output.shape[3], "places": places}

    def args(self, op: ResizeBilinear) -> tuple[str, ...]:
        return ("y",)
