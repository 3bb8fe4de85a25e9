"""The work of operators that only move elements: runs of neighbours, each copied or filled as one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

WORD_BYTES, BLOCK_BYTES = 4, 16
"""What cores move at once, where both places are whole words, and what libraries move in a turn of their loops."""
UNROLLED = 2
"""Turns of a loop that compilers make single runs, whose places they know."""
SHORT_BYTES = 8
"""Shorter runs are loops that compilers unroll; longer ones call a library."""


@dataclass(frozen=True)
class Run:
    """`count` times `elements` neighbours of the output, of `width` bytes each.

    words    share of the runs that begin at whole words on both sides, tensors beginning at one
    apart    their sources are no neighbours
    filled   they get one value instead of having a source
    looped   all of them are one loop's (or two loops'), which compilers unroll where it is short
    """

    count: int
    elements: int
    width: int
    words: float = 1.0
    apart: bool = False
    filled: bool = False
    looped: bool = False


def share_of_words(loops: Iterable[tuple[int, int, int]], source: int, width: int) -> float:
    """Of places that loops visit, the share that are whole words on both sides.

    loops    (count, steps in the source, in the output), in elements of `width` bytes
    source   element of the source at which they start
    """
    word = max(WORD_BYTES // width, 1)
    shares = {(source % word, 0): 1.0}
    for count, step, out_step in loops:
        found: dict[tuple[int, int], float] = defaultdict(float)
        for i in range(min(count, word)):
            times = -((i - count) // word)
            for (a, b), share in shares.items():
                found[(a + i * step) % word, (b + i * out_step) % word] += share * times / count
        shares = found
    return shares.get((0, 0), 0.0)


def moves(runs: Iterable[Run]) -> dict[str, float]:
    """Counts of runs and of what is moved in them.

    run.once, moved.once               runs that are no loop's, and their bytes
    run.single, run.short, run.long    runs of one element, of few bytes, of more; `run.apart` of scattered sources
    moved.*                            elements of short and scattered runs, blocks, words and bytes of long ones
    fill, fill.*                       runs that are filled, with words and bytes, or wider elements, by width
    """
    found: dict[str, float] = defaultdict(float)
    for run in runs:
        nbytes = run.elements * run.width
        if run.filled and run.width > 1:
            found["fill"] += run.count
            found[f"fill.{run.width}"] += run.count * run.elements
        elif run.filled:
            found["fill"] += run.count
            found["fill.words"] += run.count * (nbytes // WORD_BYTES if nbytes >= BLOCK_BYTES else 0)
            found["fill.bytes"] += run.count * (nbytes % WORD_BYTES if nbytes >= BLOCK_BYTES else nbytes)
        elif run.looped and run.count <= UNROLLED and not run.apart:
            found["run.once"] += run.count
            found["moved.once"] += run.count * nbytes
        elif run.apart:
            found["run.apart"] += run.count
            found["moved.apart"] += run.count * run.elements
        elif run.elements == 1:
            found["run.single"] += run.count
        elif nbytes < SHORT_BYTES:
            found["run.short"] += run.count
            found["moved.short"] += run.count * run.elements
        else:
            by_words = run.count * run.words if nbytes >= BLOCK_BYTES else 0.0
            found["run.long"] += run.count
            found["run.words"] += by_words
            found["moved.blocks"] += by_words * (nbytes // BLOCK_BYTES)
            found["moved.words"] += by_words * (nbytes % BLOCK_BYTES // WORD_BYTES)
            found["moved.bytes"] += by_words * (nbytes % WORD_BYTES) + (run.count - by_words) * nbytes
    return {name: float(n) for name, n in found.items() if n}
