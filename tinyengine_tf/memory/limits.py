"""What may stop an exact search: a number of nodes, the same on every machine, and a clock as safety net."""

from __future__ import annotations

import time


class LimitReached(Exception):
    """The search gave up; the message says at which limit."""


class Budget:
    """Counts down nodes, and looks at the clock now and then. What a share spends, the whole has spent too."""

    def __init__(self, nodes: int, time_limit_s: float):
        self.nodes, self.limit, self.time_limit_s = nodes, nodes, time_limit_s
        self.deadline = time.monotonic() + time_limit_s
        self.whole: Budget | None = None
        self._next_look = nodes

    def share(self, nodes: int) -> Budget:
        """At most this many of the nodes left, with the same deadline."""
        part = Budget(min(nodes, self.nodes), self.time_limit_s)
        part.deadline, part.whole, part.limit = self.deadline, self, self.limit
        return part

    def spend(self) -> None:
        """Take one node. Raise LimitReached when nothing is left."""
        if self.nodes <= self._next_look:
            self._next_look = self.nodes - 64
            if time.monotonic() > self.deadline:
                raise LimitReached(f"time limit of {self.time_limit_s:g} s reached")
        if self.nodes <= 0:
            raise LimitReached(f"limit of {self.limit:,} nodes reached")
        self.nodes -= 1
        if self.whole is not None:
            self.whole.nodes -= 1
