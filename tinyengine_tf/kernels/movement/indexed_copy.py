"""MIRROR_PAD and GATHER in portable C."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyengine_tf.kernels.base import Table
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.kernels.movement.copy import constant_table
from tinyengine_tf.ops.indexed_copy import Gather, GatherNd, IndexedCopy, MirrorPad


def step_of(place: tuple[int, ...]) -> int | None:
    """The constant distance of neighbours, starting at 0; None if there is none."""
    step = place[1] - place[0] if len(place) > 1 else 0
    return step if place == tuple(i * step for i in range(len(place))) else None


@class_kernel
class IndexedCopyPortable(ClassKernel):
    name = "te_indexed_copy"
    ops = (IndexedCopy, MirrorPad, GatherNd)
    why = "source places in tables, where they are not evenly spaced"
    template = "movement/indexed_copy.c.j2"

    def tables(self, op: IndexedCopy) -> tuple[Table, ...]:
        def table(i: int) -> Table:
            return Table(f"places{i}", "int32_t", len(op.places[i]), lambda: np.array(op.places[i]))

        return tuple(table(i) for i, place in enumerate(op.places) if step_of(place) is None)

    def params(self, op: IndexedCopy, units: int) -> dict[str, Any]:
        loops = [{"index": i, "size": len(place), "step": step_of(place)} for i, place in enumerate(op.places)]
        run = 1
        if op.places[-1] == tuple(range(len(op.places[-1]))):
            run = len(op.places[-1])
            loops.pop()
        return {"ctype": op.output.dtype.c, "width": op.output.dtype.nbytes, "loops": loops, "run": run}


@class_kernel
class GatherPortable(ClassKernel):
    name = "te_gather"
    ops = (Gather,)
    why = "indices are computed at run time"
    template = "movement/gather.c.j2"

    def tables(self, op: Gather) -> tuple[Table, ...]:
        return (constant_table("values", op.input),) if op.input.const else ()

    def params(self, op: Gather, units: int) -> dict[str, Any]:
        return {
            "ctype": op.output.dtype.c,
            "width": op.output.dtype.nbytes,
            "const": op.input.const,
            "outer": op.outer,
            "depth": op.depth,
            "inner": op.inner,
            "count": op.indices.elements,
        }
