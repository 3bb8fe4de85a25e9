"""Another order of layers in which less memory is alive at once, for graphs with branches.

Where a single tensor is all that later layers read of earlier ones, the order falls apart into stretches that can be
looked at on their own. Within one, every set of layers that may have run is a state; the path through the states with
the smallest peak is found exactly, up to MOST_STATES states, beyond greedily. Memory is counted in whole tensors: what
overlaps and pipelines make of an order is measured afterwards, and the file's order stays unless another one is better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from tinyengine_tf.ir import Graph, Tensor
from tinyengine_tf.schedule.layer import Layer

MOST_STATES = 4_000


@dataclass(frozen=True)
class Node:
    """A layer: which layers come before it, and the memory it touches (by number)."""

    before: frozenset[int]
    touches: tuple[int, ...]


def reordered(
    graph: Graph, layers: Sequence[Layer], storage: Mapping[Tensor, tuple[Tensor, int]]
) -> tuple[Layer, ...] | None:
    """The layers in the order of the smallest peak, renumbered; None if that is the order given."""
    problem = Stretches(graph, layers, storage)
    order = [index for begin, end in problem.stretches() for index in problem.best_order(begin, end)]
    if order == list(range(len(layers))):
        return None
    return tuple(replace(layers[old], index=new) for new, old in enumerate(order))


class Stretches:
    """Dependencies and memory of layers."""

    def __init__(self, graph: Graph, layers: Sequence[Layer], storage: Mapping[Tensor, tuple[Tensor, int]]):
        made = _makers(graph, layers)
        owners: dict[Tensor, int] = {}
        self.size_bytes: list[int] = []
        self.kept: set[int] = set()

        def number(tensor: Tensor) -> int:
            owner = storage.get(tensor, (tensor, 0))[0]
            if owner not in owners:
                owners[owner] = len(owners)
                self.size_bytes.append(owner.nbytes)
            return owners[owner]

        self.nodes: list[Node] = []
        for layer in layers:
            before = frozenset().union(*(made[t] for t in layer.op.data_inputs))
            touches = dict.fromkeys(number(t) for t in (*layer.op.data_inputs, *layer.op.outputs))
            self.nodes.append(Node(before, tuple(touches)))
        lasting = (*graph.results, *(s.before for s in graph.states))
        self.kept = {number(t) for t in lasting if not storage.get(t, (t, 0))[0].const}
        self.given = {number(t) for t in graph.sources}
        self.users: list[int] = [0] * len(self.size_bytes)
        for index, node in enumerate(self.nodes):
            for t in node.touches:
                self.users[t] |= 1 << index

    def stretches(self) -> list[tuple[int, int]]:
        """Half-open ranges between places where one tensor is all that later layers need."""
        first = {
            t: -1 if t in self.given else (users & -users).bit_length() - 1
            for t, users in enumerate(self.users)
            if users
        }
        last = {t: self.users[t].bit_length() - 1 for t in first}
        crossing = [0] * (len(self.nodes) + 1)
        for t, begin in first.items():
            for place in range(max(begin + 1, 0), last[t] + 1):
                crossing[place] += 1
        cuts = [0, *(i for i in range(1, len(self.nodes)) if crossing[i] <= 1), len(self.nodes)]
        return list(pairwise(cuts))

    def best_order(self, begin: int, end: int) -> list[int]:
        """Layers of a stretch in the order of the smallest peak; the given order among equals."""
        count = end - begin
        if count < 3 or not self._has_choice(begin, end):
            return list(range(begin, end))
        states: dict[int, tuple[int, tuple[int, ...]]] = {(1 << begin) - 1: (0, ())}
        for _ in range(count):
            following: dict[int, tuple[int, tuple[int, ...]]] = {}
            for done, (peak, order) in states.items():
                for index in self._ready(done, begin, end):
                    after = done | 1 << index
                    reached = max(peak, self._alive(done, index)), (*order, index)
                    if after not in following or reached < following[after]:
                        following[after] = reached
            if len(following) > MOST_STATES:
                return self._greedy(begin, end)
            states = following
        ((_, order),) = states.values()
        given = self._peak(range(begin, end), begin)
        return list(order) if self._peak(order, begin) < given else list(range(begin, end))

    def _greedy(self, begin: int, end: int) -> list[int]:
        """Always the layer that leaves least alive; the order given unless that is worse."""
        done = (1 << begin) - 1
        order: list[int] = []
        while len(order) < end - begin:
            index = min(
                self._ready(done, begin, end), key=lambda i: (self._alive(done | 1 << i), self._alive(done, i), i)
            )
            order.append(index)
            done |= 1 << index
        return order if self._peak(order, begin) < self._peak(range(begin, end), begin) else list(range(begin, end))

    def _has_choice(self, begin: int, end: int) -> bool:
        """Whether some layer need not follow the one before it."""
        return any(index - 1 not in self.nodes[index].before for index in range(begin + 1, end))

    def _ready(self, done: int, begin: int, end: int) -> list[int]:
        return [i for i in range(begin, end) if not done >> i & 1 and all(done >> b & 1 for b in self.nodes[i].before)]

    def _alive(self, done: int, running: int | None = None) -> int:
        """Bytes alive between layers, or while a layer runs after those in `done`."""
        now = () if running is None else self.nodes[running].touches
        return sum(
            size
            for t, (size, users) in enumerate(zip(self.size_bytes, self.users, strict=True))
            if t in now or ((users & done or t in self.given) and (users & ~done or t in self.kept))
        )

    def _peak(self, order: Sequence[int] | range, begin: int) -> int:
        done, peak = (1 << begin) - 1, 0
        for index in order:
            peak = max(peak, self._alive(done, index))
            done |= 1 << index
        return peak


def _makers(graph: Graph, layers: Sequence[Layer]) -> dict[Tensor, frozenset[int]]:
    """Which layers must have run before a tensor can be read; through operators that only rename memory."""
    index = {layer.op: layer.index for layer in layers}
    made: dict[Tensor, frozenset[int]] = {t: frozenset() for t in graph.sources}
    for op in graph.ops:
        sources = frozenset().union(*(made.get(t, frozenset()) for t in op.data_inputs))
        for t in op.outputs:
            made[t] = frozenset({index[op]}) if op in index else sources
    return made
