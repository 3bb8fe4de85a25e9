"""Where something lies, as a value; the C expression for it is made where it is written, by the filter `at`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Address:
    """`offset` after where `base` begins: bytes of an arena, elements of an array.

    base     C expression, or None for the arena that functions are given
    """

    base: str | None
    offset: int = 0
    is_arena: bool = False

    @staticmethod
    def in_arena(offset_bytes: int, base: str | None = None) -> Address:
        """A place in the arena that functions are given, or in a static one of bytes."""
        return Address(base, offset_bytes, True)

    def c(self, arena: str = "arena") -> str:
        """The C expression, where the arena is called `arena`."""
        begin = arena if self.base is None else self.base
        return f"{begin} + {self.offset}" if self.offset or self.is_arena else begin


def at(place: Address | str, arena: str = "arena") -> str:
    """The C expression of an Address; what is C already stays as it is."""
    return place.c(arena) if isinstance(place, Address) else place
