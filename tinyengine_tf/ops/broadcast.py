"""Broadcasting shapes over an output shape, as the fewest nested loops that walk over all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Loop:
    """`count` steps; each advances the output by all inside, and operand i by `strides[i]` elements (0: it repeats)."""

    count: int
    strides: tuple[int, ...]


def broadcast_shape(*shapes: Shape) -> Shape | None:
    """The shape of an elementwise result, or None where the shapes do not go together."""
    dimensions = list(zip(*_of_equal_rank(shapes), strict=True))
    if any(len(set(sizes) - {1}) > 1 for sizes in dimensions):
        return None
    return tuple(map(max, dimensions))


def broadcast_loops(*shapes: Shape) -> tuple[Loop, ...]:
    """Loops from the outermost to the innermost; dimensions that all operands walk in the same way are joined.

    (1, 8, 8, 4) with itself        Loop(256, (1, 1))
    (1, 8, 8, 4) and (4,)           Loop(64, (4, 0)), Loop(4, (1, 1))
    (1, 8, 8, 4) and (1, 8, 8, 1)   Loop(64, (4, 1)), Loop(4, (1, 0))
    """
    out = broadcast_shape(*shapes)
    assert out is not None, shapes
    padded = _of_equal_rank(shapes)
    loops: list[Loop] = []  # innermost first while it grows
    inside = [1] * len(shapes)
    for d in reversed(range(len(out))):
        if out[d] > 1:
            strides = tuple(0 if s[d] == 1 else n for s, n in zip(padded, inside, strict=True))
            last = loops[-1] if loops else None
            if last and strides == tuple(s * last.count for s in last.strides):
                loops[-1] = Loop(last.count * out[d], last.strides)
            else:
                loops.append(Loop(out[d], strides))
        inside = [n * s[d] for n, s in zip(inside, padded, strict=True)]
    return tuple(reversed(loops)) or (Loop(1, (1,) * len(shapes)),)


def read_depth(loops: Sequence[Loop], operand: int) -> int:
    """The loop inside which an operand's element is read: the innermost that advances it."""
    return max((i for i, loop in enumerate(loops) if loop.strides[operand]), default=0)


def broadcast_work(loops: Sequence[Loop]) -> dict[str, float]:
    """`turn`: times that the innermost loop is begun; `operand`: elements that are read, repeated ones once a turn."""
    counts = [loop.count for loop in loops]
    read = [math.prod(counts[: read_depth(loops, k) + 1]) for k in range(len(loops[0].strides))]
    return {"turn": float(math.prod(counts[:-1])), "operand": float(sum(read))}


def without_leading_ones(shape: Shape) -> Shape:
    first = next((i for i, n in enumerate(shape) if n != 1), len(shape))
    return shape[first:]


def broadcasts_to(out: Shape, *shapes: Shape) -> bool:
    """Whether the shapes give `out`, dimensions of size 1 in front aside."""
    shape = broadcast_shape(*shapes)
    return shape is not None and without_leading_ones(shape) == without_leading_ones(out)


def _of_equal_rank(shapes: tuple[Shape, ...]) -> list[Shape]:
    rank = max(map(len, shapes))
    return [(1,) * (rank - len(s)) + s for s in shapes]
