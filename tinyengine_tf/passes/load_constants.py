"""Give operators that compute on constants alone their data in the arena."""

from __future__ import annotations

from dataclasses import replace

from tinyengine_tf.ir import Graph, Op
from tinyengine_tf.ops.load import Load


def load_constants(graph: Graph) -> Graph:
    """Bring the first input of an operator without computed inputs into the arena.

        constant --CONV--> y        becomes    constant --Load--> x --CONV--> y

    Kernels read constants from flash where an operator has computed inputs besides; one computed
    input they need. Legal always; after fold_constants only operators are left that it cannot evaluate.
    """
    ops: list[Op] = []
    for op in graph.ops:
        first = op.inputs[0] if op.inputs else None
        if first is not None and not op.data_inputs and not isinstance(op, Load):
            loaded = replace(first, name=f"{first.name}/loaded", const=False, data=None, source=None)
            ops.append(Load(inputs=(first,), outputs=(loaded,), source=op.source))
            op = replace(op, inputs=(loaded, *op.inputs[1:]))
        ops.append(op)
    return graph.rewrite(ops) if len(ops) > len(graph.ops) else graph
