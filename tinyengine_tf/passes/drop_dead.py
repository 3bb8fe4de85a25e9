"""Remove operators whose results nobody reads."""

from __future__ import annotations

from tinyengine_tf.ir import Graph


def drop_dead(graph: Graph) -> Graph:
    """Keep what graph outputs and the next inference depend on. Inputs of the graph stay, read or not."""
    needed = set(graph.results)
    kept = []
    for op in reversed(graph.ops):
        if any(t in needed for t in op.outputs):
            kept.append(op)
            needed.update(t for t in op.inputs if t is not None)
    return graph.rewrite(kept[::-1])
