"""GATHER with indices that are computed at run time."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Code, Lowered, Table, kernel
from tinyengine_tf.kernels.types import MOVED
from tinyengine_tf.ops.indexed_copy import Gather
from tinyengine_tf.target import Core


@kernel(Gather, types=(MOVED,))
def te_gather(op: Gather, core: Core) -> Lowered:
    """Indices are computed at run time."""
    tables = (Table.of("values", op.input),) if op.input.const else ()
    return Lowered(Code("movement/gather.c.j2", lambda units: _params(op)), tables=tables)


def _params(op: Gather) -> dict[str, Any]:
    return {
        "ctype": op.output.dtype.c,
        "width": op.output.dtype.nbytes,
        "const": op.input.const,
        "outer": op.outer,
        "depth": op.depth,
        "inner": op.inner,
        "count": op.indices.elements,
    }
