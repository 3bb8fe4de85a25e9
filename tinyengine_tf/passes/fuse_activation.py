"""An activation that only limits the range becomes the clamp of the operator before it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from tinyengine_tf.ir import Graph, Op, Tensor
from tinyengine_tf.ops.lookup import Lookup
from tinyengine_tf.passes.remove_noops import is_same

Range = tuple[int, int]


def fuse_activation(graph: Graph) -> Graph:
    """Let the operator that computes a tensor clamp it as well.

        x --CONV, clamp a--> y --Lookup, a clamp b--> z    becomes    x --CONV, clamp b(a)--> z

    Saves a pass over the tensor. Legal when y has no other reader, y and z have the same shape, type and quantisation,
    and the operator has a clamp, which by definition is the last thing it does.
    """
    made: dict[Tensor, Op] = {}
    ops: dict[Op, None] = {}
    for op in graph.ops:
        if isinstance(op, Lookup) and op.clamp is not None and graph.sole_reader(op.input) is op:
            producer = clamped(made.get(op.input))
            if producer is not None and is_same(op.input, op.output):
                del ops[producer]
                op = replace(
                    producer,
                    outputs=op.outputs,
                    source=producer.source + op.source,
                    clamp=clamp_after(producer.clamp, op.clamp),
                )
        made[op.output] = op
        ops[op] = None
    return graph.rewrite(tuple(ops))


def clamped(op: Op | None) -> Any:
    """The operator if a fused range is one of its attributes, else None."""
    return op if op is not None and len(op.outputs) == 1 and any(f.name == "clamp" for f in fields(op)) else None


def clamp_after(first: Range, second: Range) -> Range:
    """One range that does what `first` and then `second` do."""
    low, high = second
    return min(max(first[0], low), high), min(max(first[1], low), high)
