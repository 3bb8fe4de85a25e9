"""Compute at conversion time whatever does not depend on the network's inputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinyengine_tf.ir import Graph, Op, Tensor


def fold_constants(graph: Graph) -> Graph:
    """Replace operators whose results are known by constants.

        SHAPE --> STRIDED_SLICE --> PACK --> t        becomes    t, a constant

    Legal always: `Op.evaluate` gives exactly what the operator would compute.
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
            data = np.ascontiguousarray(value, tensor.dtype.numpy).reshape(tensor.shape)
            constants[tensor] = replace(tensor, const=True, data=data)
    return graph.rewrite(kept, constants) if constants else graph
