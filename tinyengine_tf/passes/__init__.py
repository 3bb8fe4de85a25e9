"""Graph -> Graph rewrites that keep every output bit, in the order of `PASSES`."""

from __future__ import annotations

from tinyengine_tf.ir import Graph
from tinyengine_tf.passes.base import GraphPass, Observer, run_passes
from tinyengine_tf.passes.drop_dead import drop_dead

PASSES: tuple[GraphPass, ...] = (
    drop_dead,
)


def run(graph: Graph, observe: Observer | None = None) -> Graph:
    """Apply all passes; `observe(name, graph)` sees the graph after each."""
    return run_passes(graph, PASSES, observe)
