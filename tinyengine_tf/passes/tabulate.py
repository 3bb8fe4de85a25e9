"""Operators of two operands that depend on one variable only become tables."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinyengine_tf.ir import DType, Graph, Op, Tensor
from tinyengine_tf.ops.binary import Binary
from tinyengine_tf.ops.lookup import Lookup
from tinyengine_tf.ops.unary import all_values

Origin = tuple[Tensor, np.ndarray]
"""A tensor that is a function of another one: (that one, its 256 results)."""


def tabulate(graph: Graph) -> Graph:
    """Replace elementwise arithmetic on one int8 variable by a Lookup.

        x --ADD 3--> y                                   becomes    x --Lookup--> y
        x --Lookup--> g;  x, g --MUL--> y                becomes    x --Lookup--> y
        x, x --MUL--> y                                  becomes    x --Lookup--> y

    Legal when the other operand is one constant value, or both are functions of the same tensor,
    and nothing is repeated: `Binary.compute` on all 256 values is exact. It saves the arithmetic for 256 bytes of
    flash, or for nothing where the table turns out to be a clamp.
    """
    origins: dict[Tensor, Origin] = {}
    ops: list[Op] = []
    for op in graph.ops:
        if isinstance(op, Binary) and op.dtype is DType.INT8:
            op = _tabulated(op, origins) or op
        if isinstance(op, Lookup) and op.input.dtype is op.output.dtype is DType.INT8:
            root, table = origins.get(op.input, (op.input, all_values(DType.INT8)))
            origins[op.output] = root, np.array(op.table)[table + 128]
        ops.append(op)
    return graph.rewrite(ops)


def _tabulated(op: Binary, origins: Mapping[Tensor, Origin]) -> Lookup | None:
    """The Lookup that does the same, if there is one."""
    variables = {t for t in (op.a, op.b) if not t.const}
    if any(t.const and (t.data is None or np.ptp(t.values.astype(int)) != 0) for t in (op.a, op.b)):
        return None
    if any(t.elements != op.output.elements for t in variables) or not variables:
        return None
    everything = all_values(DType.INT8)
    if len(variables) == 1:
        (root,) = variables
        tables = {root: everything}
    else:
        found = {t: origins.get(t, (t, everything)) for t in variables}
        roots = {root for root, _ in found.values()}
        if len(roots) != 1:
            return None
        (root,) = roots
        tables = {t: table for t, (_, table) in found.items()}
    a, b = (tables[t] if t in tables else np.full(256, t.values.reshape(-1)[0]) for t in (op.a, op.b))
    table = tuple(op.compute((a, b))[0].tolist())
    return Lookup(inputs=(root,), outputs=op.outputs, source=op.source, table=table, function=op.function)
