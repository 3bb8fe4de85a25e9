"""MIRROR_PAD, GATHER and GATHER_ND with constant indices: source places in tables, where they are not evenly spaced."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Code, Lowered, Table, kernel
from tinyengine_tf.kernels.types import MOVED
from tinyengine_tf.ops.indexed_copy import GatherNd, IndexedCopy, MirrorPad
from tinyengine_tf.target import Core

Place = tuple[int, ...]
"""Of each index along one dimension of the output, where in the input that dimension's element lies."""


@kernel(IndexedCopy, MirrorPad, GatherNd, types=(MOVED,))
def te_indexed_copy(op: IndexedCopy, core: Core) -> Lowered:
    """Source places in tables, where they are not evenly spaced."""
    tables = tuple(_table(i, place) for i, place in enumerate(op.places) if step_of(place) is None)
    return Lowered(Code("movement/indexed_copy.c.j2", lambda units: _params(op)), tables=tables)


def step_of(place: Place) -> int | None:
    """The constant distance of neighbours, starting at 0; None if there is none."""
    step = place[1] - place[0] if len(place) > 1 else 0
    return step if place == tuple(i * step for i in range(len(place))) else None


def _table(dimension: int, place: Place) -> Table:
    return Table.of_places(f"places{dimension}", place)


def _params(op: IndexedCopy) -> dict[str, Any]:
    loops = [
        {"index": i, "size": len(place), "step": step_of(place), "places": _table(i, place).ctype}
        for i, place in enumerate(op.places)
    ]
    run = 1
    if op.places[-1] == tuple(range(len(op.places[-1]))):
        run = len(op.places[-1])
        loops.pop()
    return {"ctype": op.output.dtype.c, "width": op.output.dtype.nbytes, "loops": loops, "run": run}
