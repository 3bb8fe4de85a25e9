"""How far an input may lie from the output that is written while the input is read: a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Distance:
    """Which offset(input) - offset(output), in bytes, is legal when the two share bytes: `nbytes` or any more, or, if
    `exact`, `nbytes` and nothing else. Two that share no byte are always legal."""

    nbytes: int
    exact: bool = False

    def __and__(self, other: Distance) -> Distance | None:
        """What keeps both; None: only sharing nothing does."""
        strict, loose = (self, other) if self.exact or not other.exact else (other, self)
        if loose.exact:
            return strict if strict == loose else None
        if strict.exact:
            return strict if strict.nbytes >= loose.nbytes else None
        return Distance(max(self.nbytes, other.nbytes))

    def moved(self, nbytes: int) -> Distance:
        """The same between places that are `nbytes` further apart."""
        return Distance(self.nbytes + nbytes, self.exact)


def strictest(distances: list[Distance | None]) -> Distance | None:
    """What keeps all of them; None among them, or in the end: only sharing nothing does."""
    found, *others = distances
    for other in others:
        found = None if found is None or other is None else found & other
    return found
