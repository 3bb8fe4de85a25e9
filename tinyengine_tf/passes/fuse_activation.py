"""An activation that only limits the range becomes the clamp of the operator before it."""

from __future__ import annotations

from dataclasses import fields, replace

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
            producer = made.get(op.input)
            if producer is not None and has_clamp(producer) and is_same(op.input, op.output):
                del ops[producer]
                op = replace(
                    producer,
                    outputs=op.outputs,
                    source=producer.source + op.source,
                    clamp=clamp_after(producer.clamp, op.clamp),  # type: ignore[attr-defined]
                )
        made[op.output] = op
        ops[op] = None
    return graph.rewrite(tuple(ops))


def has_clamp(op: Op) -> bool:
    """Whether a fused range is one of the operator's attributes."""
    return len(op.outputs) == 1 and any(f.name == "clamp" for f in fields(op))


def clamp_after(first: Range, second: Range) -> Range:
    """One range that does what `first` and then `second` do."""
    low, high = second
    return min(max(first[0], low), high), min(max(first[1], low), high)
