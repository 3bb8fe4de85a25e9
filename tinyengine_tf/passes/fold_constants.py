"""Compute at conversion time whatever does not depend on the network's inputs."""

from __future__ import annotations

from dataclasses import replace

from tinyengine_tf.ir import Graph, Op, Tensor


def fold_constants(graph: Graph) -> Graph:
    """Replace operators whose results are known by constants.

        SHAPE --> STRIDED_SLICE --> PACK --> t        becomes    t, a constant

    Legal always: `Op.compute` is what the operator means.
    """
    constants: dict[Tensor, Tensor] = {}
    kept: list[Op] = []
    for op in graph.ops:
        op = op.remap(constants)
        values = op.evaluate()
        if values is None:
            kept.append(op)
            continue
        for tensor, value in zip(op.outputs, values, strict=True):
            constants[tensor] = replace(tensor, const=True, data=value)
    return graph.rewrite(kept, constants) if constants else graph
