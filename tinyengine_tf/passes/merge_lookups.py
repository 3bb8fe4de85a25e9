"""Two tables in a row are one table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinyengine_tf.ir import Graph, Op, Tensor
from tinyengine_tf.ops.lookup import Lookup
from tinyengine_tf.ops.unary import all_values


def merge_lookups(graph: Graph) -> Graph:
    """Compose the tables of Lookups that follow each other.

        x --Lookup f--> y --Lookup g--> z    becomes    x --Lookup g(f)--> z

    Legal when y has no other reader. Every value is looked up exactly as before.
    """
    made: dict[Tensor, Lookup] = {}
    ops: dict[Op, None] = {}
    for op in graph.ops:
        if isinstance(op, Lookup):
            first = made.get(op.input)
            if first is not None and graph.sole_reader(op.input) is op:
                del ops[first]
                op = compose(first, op)
            made[op.output] = op
        ops[op] = None
    return graph.rewrite(tuple(ops))


def compose(first: Lookup, second: Lookup) -> Lookup:
    """`second` after `first`, as one table."""
    smallest = int(all_values(second.input.dtype)[0])
    table = np.array(second.table)[np.array(first.table) - smallest]
    return replace(
        second,
        inputs=first.inputs,
        table=tuple(table.tolist()),
        source=first.source + second.source,
        function=f"{first.function}+{second.function}",
    )
