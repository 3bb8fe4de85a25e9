"""What a pass is, and the driver that runs all of them in order."""

from __future__ import annotations

from collections.abc import Callable

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import Graph

GraphPass = Callable[[Graph], Graph]
Observer = Callable[[str, Graph], None]


def run_passes(graph: Graph, passes: tuple[GraphPass, ...], observe: Observer | None = None) -> Graph:
    """Apply passes in order, verify the graph after each that changed it, and show each result to `observe`."""
    for graph_pass in passes:
        before, graph = graph, graph_pass(graph)
        try:
            if graph is not before:
                graph.verify()
        except InvalidIR as error:
            raise InvalidIR(str(error), where=f"after pass {graph_pass.__name__}") from error
        if observe is not None:
            observe(graph_pass.__name__, graph)
    return graph
