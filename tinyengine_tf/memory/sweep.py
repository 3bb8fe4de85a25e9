"""Exact search for problems with few live buffers at a time: sweeps over the steps with sets of positions.

Asks: is there a plan with peak <= capacity? What the past allows for the live buffers is a union of
zones; a zone is a matrix of bounds on differences of offsets (as in the analysis of timed automata):

    zone[i][j] >= offset(i) - offset(j),  with index 0 for the constant 0

  * A buffer is born: it may lie anywhere in [0, capacity - size]. For each rule with a live buffer
    there are two ways, above or below; each zone splits, and impossible ones vanish.
  * A buffer dies: its row and column are dropped. The zone is kept closed (every bound as tight as the
    others imply), so this is the exact shadow of the zone on those that remain.
  * A zone inside another adds nothing and is dropped. In a chain that leaves a handful, which is why the
    sweep is fast where branching on whole plans would repeat the same work exponentially often.
No zone left: impossible, proven. Otherwise offsets are read off backwards, from the last zone to the first.
Alignment: gaps are rounded to the pair's alignment. With one alignment for all everything is exact; with
several, "impossible" remains a proof, while reading offsets off may fail (Unreadable).
"""

from __future__ import annotations

from operator import le

from tinyengine_tf.memory.limits import Budget, LimitReached
from tinyengine_tf.memory.pairs import Instance

Zone = tuple[tuple[int, ...], ...]

MAX_ZONES = 1000


class Node:
    """A zone over the live buffers `live` just after one was born; zone index of live[k] is k + 1."""

    __slots__ = ("live", "zone", "parent")

    def __init__(self, live: tuple[int, ...], zone: Zone, parent: Node | None):
        self.live, self.zone, self.parent = live, zone, parent


class Unreadable(Exception):
    """Zones remained, but no aligned offsets could be read off (several alignments only)."""

    def __str__(self) -> str:
        return "alignments differ"


def fit(instance: Instance, capacity: int, budget: Budget) -> list[int] | None:
    """Offsets with peak <= capacity, or None: proven impossible. Raises LimitReached or Unreadable."""
    nodes = [Node((), ((0,),), None)]
    for b in range(len(instance)):
        highest = capacity - instance.size[b]
        highest -= highest % instance.align[b]
        if highest < 0:
            return None
        shadows = _widest([_without_dead(node, instance, b) for node in nodes])
        rules = [rule for rule in instance.neighbors[b] if rule[0] < b]
        nodes = []
        for shadow in shadows:
            budget.spend()
            for zone in _born(shadow, highest, rules):
                nodes.append(Node((*shadow.live, b), zone, shadow.parent))
            if len(nodes) > MAX_ZONES:
                raise LimitReached(f"limit of {MAX_ZONES} zones reached")
        nodes = _widest(nodes)
        if not nodes:
            return None
    return _read_off(nodes[0], instance)


def _without_dead(node: Node, instance: Instance, newborn: int) -> Node:
    """The shadow of a node on the buffers that are still alive when `newborn` begins."""
    kept = [k for k, a in enumerate(node.live) if instance.end[a] > instance.start[newborn]]
    rows = [0, *[k + 1 for k in kept]]
    zone = tuple([tuple([node.zone[i][j] for j in rows]) for i in rows])
    return Node(tuple([node.live[k] for k in kept]), zone, node)


def _born(shadow: Node, highest: int, rules: list[tuple[int, int, int]]) -> list[Zone]:
    """Zones after adding a buffer with offset in [0, highest] beside the live ones."""
    first = [row + (row[0],) for row in shadow.zone]
    first.append(tuple([highest + to for to in shadow.zone[0]]) + (0,))
    zones = [tuple(first)]
    new = len(shadow.live) + 1
    at = {a: k for k, a in enumerate(shadow.live, start=1)}
    for a, above, below in rules:
        k = at[a]
        split: list[Zone] = []
        for zone in zones:
            if zone[k][new] <= -above or zone[new][k] <= -below:
                split.append(zone)  # holds already
                continue
            split.extend(z for z in (_tighten(zone, k, new, -above), _tighten(zone, new, k, -below)) if z)
        zones = split
    return zones


def _tighten(zone: Zone, i: int, j: int, most: int) -> Zone | None:
    """The zone with offset(i) - offset(j) <= most as well, closed again; None when that is empty."""
    if most + zone[j][i] < 0:
        return None
    via = zone[j]
    tightened = []
    for row in zone:
        to_i = row[i] + most
        tightened.append(tuple([x if x <= to_i + y else to_i + y for x, y in zip(row, via, strict=True)]))
    return tuple(tightened)


def _widest(nodes: list[Node]) -> list[Node]:
    """Without the nodes whose zone lies inside another's; all nodes are over the same buffers."""
    if len(nodes) < 2:
        return nodes
    flat: dict[tuple[int, ...], Node] = {}
    for node in nodes:
        flat.setdefault(tuple([x for row in node.zone for x in row]), node)
    # A wider zone has a larger sum of bounds: sorted by that, only earlier ones can contain a later one.
    widest: list[tuple[int, ...]] = []
    for zone in sorted(flat, key=lambda z: (-sum(z), z)):
        if not any(all(map(le, zone, wide)) for wide in widest):
            widest.append(zone)
    return [flat[zone] for zone in widest]


def _read_off(last: Node, instance: Instance) -> list[int]:
    """Offsets of all buffers: in each node the ones not yet known get the lowest value the known allow."""
    offsets: dict[int, int] = {}
    node: Node | None = last
    while node is not None and node.live:
        known = [(0, 0)] + [(k, offsets[a]) for k, a in enumerate(node.live, start=1) if a in offsets]
        for k, a in enumerate(node.live, start=1):
            if a in offsets:
                continue
            lowest = max(value - node.zone[j][k] for j, value in known)
            lowest += -lowest % instance.align[a]
            if any(lowest - value > node.zone[k][j] for j, value in known):
                raise Unreadable
            offsets[a] = lowest
            known.append((k, lowest))
        node = node.parent
    return [offsets[b] for b in range(len(instance))]
