"""What is needed after an inference must not lie in memory that is overwritten at its end."""

from __future__ import annotations

from dataclasses import replace

from tinyengine_tf.ir import Graph, Tensor
from tinyengine_tf.ops.strided_copy import copy_of


def separate_states(graph: Graph) -> Graph:
    """Copy outputs and next states that are only another name for a state's memory.

        before --Reshape--> output            becomes    before --Reshape--> t --Copy--> output
        before of s, which is after of t      becomes    before of s --Copy--> after of t

    At the end of an inference each state's `after` is moved into its `before`, one state after the other.
    Legal always. A state's own memory may overlap its `after`: a delay line that is shifted in place.
    """
    if not graph.states:
        return graph
    memory = {s.before: s.before for s in graph.states}
    for op in graph.ops:
        if op.view_offset is not None and op.input in memory:
            memory[op.output] = memory[op.input]
    ops = list(graph.ops)

    def apart(tensor: Tensor, role: str) -> Tensor:
        if tensor not in memory:
            return tensor
        copy = copy_of(tensor, f"{tensor.name}/{role}")
        ops.append(copy)
        return copy.output

    outputs = tuple(apart(t, "output") for t in graph.outputs)
    states = tuple(
        s if memory.get(s.after) is s.before else replace(s, after=apart(s.after, "kept")) for s in graph.states
    )
    return replace(graph, ops=tuple(ops), outputs=outputs, states=states)
