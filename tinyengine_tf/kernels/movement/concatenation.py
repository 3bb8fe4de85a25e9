"""CONCATENATION and PACK: each input's share in turn, constants among them."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Code, Layout, Lowered, RowWindow, Table, image_rows, kernel
from tinyengine_tf.kernels.types import MOVED
from tinyengine_tf.ops.concatenation import Concatenation
from tinyengine_tf.target import Core


@kernel(Concatenation, types=(MOVED,))
def te_concatenation(op: Concatenation, core: Core) -> Lowered:
    """Each input's share in turn."""
    tables = tuple(Table.of(f"part{i}", t) for i, t in enumerate(op.inputs) if t is not None and t.const)
    return Lowered(Code("movement/concatenation.c.j2", lambda units: _params(op, units)), _layout(op), tables)


def _layout(op: Concatenation) -> Layout:
    """By rows where every input is computed and has the output's rows."""
    width, unit = op.output.dtype.nbytes, sum(op.shares)
    ends = [sum(op.shares[:i]) for i in range(len(op.shares))]
    ahead = [end + (op.outer - 1) * (unit - share) for end, share in zip(ends, op.shares, strict=True)]
    distances = tuple(a * width for a, t in zip(ahead, op.inputs, strict=True) if t is not None and not t.const)
    rows = image_rows(op.output)
    by_rows = rows and op.outer % rows == 0 and all(image_rows(t) == rows for t in op.data_inputs)
    if not by_rows or len(op.data_inputs) != len(op.inputs):
        return Layout(distances=distances)
    return Layout((RowWindow(),) * len(distances), flat=op.outer, hold=1, distances=distances)


def _params(op: Concatenation, units: int) -> dict[str, Any]:
    parts, computed = [], 0
    for i, (t, share) in enumerate(zip(op.inputs, op.shares, strict=True)):
        assert t is not None
        parts.append({"name": f"part{i}" if t.const else f"in{computed}", "const": t.const, "share": share})
        computed += not t.const
    return {"ctype": op.output.dtype.c, "width": op.output.dtype.nbytes, "outer": units or op.outer, "parts": parts}
