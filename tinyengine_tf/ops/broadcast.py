"""Broadcasting two shapes over an output shape, as the fewest nested loops that walk over all three."""

from __future__ import annotations

from dataclasses import dataclass

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Loop:
    """`count` steps; each advances the output by all inside, and operand i by `strides[i]` elements (0: it repeats)."""

    count: int
    strides: tuple[int, int]


def broadcast_shape(a: Shape, b: Shape) -> Shape | None:
    """The shape of an elementwise result, or None where the shapes do not go together."""
    rank = max(len(a), len(b))
    a, b = (1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b
    if any(i != j and 1 not in (i, j) for i, j in zip(a, b, strict=True)):
        return None
    return tuple(max(i, j) for i, j in zip(a, b, strict=True))


def broadcast_loops(a: Shape, b: Shape) -> tuple[Loop, ...]:
    """Loops from the outermost to the innermost; dimensions that both operands walk in the same way are joined.

    (1, 8, 8, 4) with itself        Loop(256, (1, 1))
    (1, 8, 8, 4) and (4,)           Loop(64, (4, 0)), Loop(4, (1, 1))
    (1, 8, 8, 4) and (1, 8, 8, 1)   Loop(64, (4, 1)), Loop(4, (1, 0))
    """
    out = broadcast_shape(a, b)
    assert out is not None, (a, b)
    padded = [(1,) * (len(out) - len(s)) + s for s in (a, b)]
    loops: list[Loop] = []  # innermost first while it grows
    inside = [1, 1]
    for d in reversed(range(len(out))):
        if out[d] > 1:
            first, second = (0 if s[d] == 1 else n for s, n in zip(padded, inside, strict=True))
            last = loops[-1] if loops else None
            if last and (first, second) == (last.strides[0] * last.count, last.strides[1] * last.count):
                loops[-1] = Loop(last.count * out[d], last.strides)
            else:
                loops.append(Loop(out[d], (first, second)))
        inside = [n * s[d] for n, s in zip(inside, padded, strict=True)]
    return tuple(reversed(loops)) or (Loop(1, (1, 1)),)
