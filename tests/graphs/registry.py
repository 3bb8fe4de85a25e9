"""The draws: functions that append one operator to a random graph."""

from __future__ import annotations

from collections.abc import Callable

from tests.graphs.values import GraphBuilder

Draw = Callable[[GraphBuilder], None]
DRAWS: list[Draw] = []


def draw(times: int = 1) -> Callable[[Draw], Draw]:
    """Register a function, `times` as likely as others."""

    def register(function: Draw) -> Draw:
        DRAWS.extend([function] * times)
        return function

    return register
