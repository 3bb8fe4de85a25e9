"""Exact search for problems with many live buffers at a time: branch and bound over canonical plans.

Asks: is there a plan with peak <= capacity? After minimalloc (Moffitt, ASPLOS 2023), extended to overlaps:
  * Canonical plans. In any plan, let buffers sink one at a time as far as they legally can. So it is enough
    to place buffers from the ground up, each at its lowest legal offset with regard to those placed.
  * Keys. "From the ground up" means ascending (key, index) with key = offset * scale + shift. Without
    overlaps key = offset. Overlaps at distance 0 or less would break the order: a buffer may rest on one that
    begins at or above its own start. Shifts, a shortest-path potential over the gaps, make every buffer's key
    larger than the key of what it rests on. They exist unless gaps around a cycle of live buffers add up
    to 0 or less, as those of an exact overlap do; then exhausting the search proves nothing and fit() says so.
  * Dominance. Everything not yet placed gets at least the current key. A candidate that would leave room for
    another buffer to sink below all that can still come is skipped: no canonical plan looks like that.
  * Sections. At each step, what is yet to be placed must fit between its lowest offset and the capacity.
Buffers that are not connected through live pairs are searched apart.
"""

from __future__ import annotations

from tinyengine_tf.memory.limits import Budget, LimitReached
from tinyengine_tf.memory.pairs import Instance


def fit(instance: Instance, capacity: int, budget: Budget) -> list[int] | None:
    """Offsets with peak <= capacity, or None: proven impossible. Raises LimitReached."""
    offsets = [0] * len(instance)
    scale, shift = _shifts(instance)
    for component in _components(instance):
        search = _Search(instance, component, capacity, scale, shift)
        if not search.run(budget):
            return None
        for b in component:
            offsets[b] = search.low[b]
    return offsets


def _components(instance: Instance) -> list[list[int]]:
    """Buffers grouped by connection through constrained pairs, each group ascending."""
    group: dict[int, int] = {}
    groups: list[list[int]] = []
    for b in range(len(instance)):
        if b in group:
            continue
        group[b], found = len(groups), [b]
        for member in found:
            for a, _, _ in instance.neighbors[member]:
                if a not in group:
                    group[a] = len(groups)
                    found.append(a)
        groups.append(sorted(found))
    return groups


def _shifts(instance: Instance) -> tuple[int, list[int]]:
    """(scale, shift) with gap(a, b) * scale + shift[b] - shift[a] >= 1 for all constrained pairs."""
    count = len(instance)
    if all(above > 0 and below > 0 for pairs in instance.neighbors for _, above, below in pairs):
        return 1, [0] * count
    scale, shift = count + 1, [0] * count
    for _ in range(count + 1):
        before = list(shift)
        for b in range(count):
            for a, above, _ in instance.neighbors[b]:
                shift[a] = min(shift[a], shift[b] + above * scale - 1)
        if shift == before:
            return scale, shift
    raise LimitReached("the overlaps form a cycle, outside what the exact search covers")


class _Search:
    """One component at one capacity. `low` holds the offset of placed buffers, the lowest legal one of others."""

    def __init__(self, instance: Instance, component: list[int], capacity: int, scale: int, shift: list[int]):
        self.instance, self.component, self.capacity = instance, component, capacity
        self.scale, self.shift = scale, shift
        self.low = [0] * len(instance)
        self.placed = [False] * len(instance)
        # Key below which everything still to come must begin to keep a buffer from sinking under all of it.
        self.room = [
            max((below * scale + shift[a] for a, _, below in instance.neighbors[b]), default=capacity * scale)
            for b in range(len(instance))
        ]
        self._open_sections()
        self.rank = sorted(component, key=self._promise)

    def _open_sections(self) -> None:
        """Sections: the sets of buffers alive when one begins; `left` is what each has yet to place, in bytes."""
        instance = self.instance
        unit = min(instance.align)
        self.size = [s + -s % unit for s in instance.size]
        self.padding = max(s - t for s, t in zip(self.size, instance.size, strict=True))
        begins = sorted({instance.start[b] for b in self.component})
        self.sections = [[b for b in self.component if instance.start[b] <= t < instance.end[b]] for t in begins]
        self.sections_of: list[list[int]] = [[] for _ in instance.size]
        for s, members in enumerate(self.sections):
            for b in members:
                self.sections_of[b].append(s)
        self.left = [sum(self.size[b] for b in members) for members in self.sections]
        # For each buffer: the other of a pair that may share bytes, how many, and the sections with both.
        self.shared: list[list[tuple[int, int, list[int]]]] = [[] for _ in instance.size]
        for (a, b), most in instance.overlapping.items():
            both = sorted(set(self.sections_of[a]) & set(self.sections_of[b]))
            self.shared[a].append((b, most, both))
            self.shared[b].append((a, most, both))
            for s in both:
                self.left[s] -= most

    def _promise(self, b: int) -> tuple[int, int, int, int]:
        """Static order in which candidates are tried: busiest section, longest life, largest, index."""
        life = self.instance.end[b] - self.instance.start[b]
        busiest = max(sum(self.size[a] for a in self.sections[s]) for s in self.sections_of[b])
        return -busiest, -life, -self.size[b], b

    def run(self, budget: Budget) -> bool:
        """Depth first, without recursion: `trail` holds what undoes each placement."""
        trail: list[tuple[int, list[tuple[int, int]]]] = []
        if any(self.low[b] + self.instance.size[b] > self.capacity for b in self.component):
            return False
        choices = [iter(self._candidates((-1 << 62, -1)))]
        while choices:
            b = next(choices[-1], None)
            if b is None:
                choices.pop()
                if trail:
                    self._undo(*trail.pop())
                continue
            budget.spend()
            raised = self._place(b)
            trail.append((b, raised))
            if len(trail) == len(self.component):
                return True
            if self._hopeless(b, raised):
                self._undo(*trail.pop())
            else:
                choices.append(iter(self._candidates((self.low[b] * self.scale + self.shift[b], b))))
        return False

    def _candidates(self, last: tuple[int, int]) -> list[int]:
        scale, shift, low, placed = self.scale, self.shift, self.low, self.placed
        unplaced = [b for b in self.rank if not placed[b]]
        limit = min(low[b] * scale + self.room[b] for b in unplaced)
        found = []
        for b in unplaced:
            key = low[b] * scale + shift[b]
            if key < limit and (key, b) > last:
                found.append(b)
        return found

    def _place(self, b: int) -> list[tuple[int, int]]:
        """Fix b where it is; returns (buffer, former lowest offset) for each one this raises."""
        self.placed[b] = True
        for s in self.sections_of[b]:
            self.left[s] -= self.size[b]
        self._share(b, +1)
        at, raised = self.low[b], []
        for a, above, below in self.instance.neighbors[b]:
            # Seen from b: `below` = gap(b, a), `above` = gap(a, b).
            if not self.placed[a] and at - above < self.low[a] < at + below:
                raised.append((a, self.low[a]))
                self.low[a] = self._lowest_legal(a)
        return raised

    def _share(self, b: int, sign: int) -> None:
        """What b may share with buffers yet to be placed no longer reduces what is left (+1), or does again (-1)."""
        for a, most, both in self.shared[b]:
            if not self.placed[a]:
                for s in both:
                    self.left[s] += sign * most

    def _lowest_legal(self, b: int) -> int:
        low, align = self.low, self.instance.align[b]
        forbidden = sorted(
            (low[a] - below, low[a] + above) for a, above, below in self.instance.neighbors[b] if self.placed[a]
        )
        offset = 0
        for floor, ceiling in forbidden:
            if offset <= floor:
                break
            if offset < ceiling:
                offset = ceiling + -ceiling % align
        return offset

    def _hopeless(self, b: int, raised: list[tuple[int, int]]) -> bool:
        """Whether some buffer, or all that is left at some step, no longer fits below the capacity."""
        size, low, placed = self.instance.size, self.low, self.placed
        for a, _ in raised:
            if low[a] + size[a] > self.capacity:
                return True
        key = low[b] * self.scale + self.shift[b]
        for s, members in enumerate(self.sections):
            if self.left[s] <= 0:
                continue
            lowest = self.capacity
            for a in members:
                if not placed[a]:
                    # Nothing later may have a smaller key than b.
                    lowest = min(lowest, max(low[a], -((self.shift[a] - key) // self.scale)))
            if lowest + self.left[s] - self.padding > self.capacity:
                return True
        return False

    def _undo(self, b: int, raised: list[tuple[int, int]]) -> None:
        for a, former in raised:
            self.low[a] = former
        self._share(b, -1)
        for s in self.sections_of[b]:
            self.left[s] += self.size[b]
        self.placed[b] = False
