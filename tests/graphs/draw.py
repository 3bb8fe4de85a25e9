"""Random branching graphs over all int8 operators -> .tflite files that TFLM accepts."""

from __future__ import annotations

import random

from tests.graphs import layers, movement  # noqa: F401  both register draws
from tests.graphs.registry import DRAWS
from tests.graphs.values import GraphBuilder


def random_graph(rng: random.Random, most: int = 10) -> bytes:
    """One to three inputs, up to `most` operators; every unread value is an output, and perhaps some that are read."""
    g = GraphBuilder(rng)
    side = lambda: rng.choice((1, 1, 2, 3, 4, 5, 7, 8))  # noqa: E731
    g.input((1, side(), side(), rng.choice((1, 2, 3, 4, 8))))
    for _ in range(rng.choice((0, 0, 1, 2))):
        g.input(rng.choice(((1, side(), side(), 4), (1, side() * 3), (2, side(), 3))))
    for _ in range(g.pick(1, most)):
        rng.choice(DRAWS)(g)
    results = [v.index for v in g.values if v.index in g.unread and v.index not in g.model._inputs]
    if not results:
        results = [layers.unary(g, g.values[-1], "RELU").index]
    read = [v.index for v in g.values if v.index not in results]
    g.model.output(*results, *([rng.choice(read)] if g.chance(0.15) else []))
    return g.model.finish()
