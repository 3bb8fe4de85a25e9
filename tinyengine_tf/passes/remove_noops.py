"""Operators that change nothing but a shape become Reshapes, which cost nothing."""

from __future__ import annotations

from tinyengine_tf.ir import Graph, Op, Tensor
from tinyengine_tf.ops.concatenation import Concatenation
from tinyengine_tf.ops.lookup import Lookup
from tinyengine_tf.ops.pad import Pad
from tinyengine_tf.ops.pool2d import Pool2D
from tinyengine_tf.ops.reduce import Reduce, Sum
from tinyengine_tf.ops.reshape import Reshape
from tinyengine_tf.ops.strided_copy import StridedCopy


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
        if copies_input(op):
            op = Reshape(inputs=(op.input,), outputs=op.outputs, source=op.source)
        if isinstance(op, Reshape):
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


def copies_input(op: Op) -> bool:
    """Whether the output's elements are the input's, in order."""
    if len(op.inputs) == 0 or op.input.elements != op.output.elements or isinstance(op, Reshape):
        return False
    if isinstance(op, StridedCopy):
        return op.is_view and op.offset == 0
    if isinstance(op, Concatenation):
        return len(op.inputs) == 1
    if isinstance(op, Sum):
        return op.count == 1 and op.input.quant == op.output.quant
    if isinstance(op, Pool2D):
        return op.window.is_pointwise and op.image == op.out_image and op.clamp == (-128, 127)
    if isinstance(op, Lookup):
        return op.is_identity
    return isinstance(op, (Pad, Reduce))
