"""Operators that change nothing but a shape become Reshapes, which cost nothing."""

from __future__ import annotations

from tinyengine_tf.ir import Graph, Op, Tensor
from tinyengine_tf.ops.reshape import Reshape


def remove_noops(graph: Graph) -> Graph:
    """Drop operators whose output is their input.

        x --TRANSPOSE of size-1 dimensions--> y      becomes    x --Reshape--> y
        x --Reshape--> y --Reshape--> z              becomes    x --Reshape--> z
        x --Reshape to the same shape--> y           becomes    x

    Legal when every output element is the input element at the same place: slices of everything, padding
    by nothing, one tensor concatenated, pools and reductions of single elements without requantisation,
    activations that change no value.
    A graph output keeps its own tensor, whose name and quantisation the user sees.
    """
    alias: dict[Tensor, Tensor] = {}
    shaped: dict[Tensor, Tensor] = {}
    ops: list[Op] = []
    for op in graph.ops:
        op = op.remap(alias)
        if op.copies_input:
            source = shaped.get(op.input, op.input)
            if is_same(source, op.output) and op.output not in graph.outputs:
                alias[op.output] = source
                continue
            shaped[op.output] = source
            op = Reshape(inputs=(source,), outputs=op.outputs, source=op.source)
        ops.append(op)
    return graph.rewrite(ops, alias)


def is_same(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and a.dtype is b.dtype and a.quant == b.quant
