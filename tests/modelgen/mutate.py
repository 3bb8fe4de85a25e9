"""Damage a file the way disks, networks and attackers do: bytes, random generator -> bytes."""

from __future__ import annotations

import random
import struct

_EXTREME = (
    0,
    1,
    2,
    3,
    4,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    1 << 20,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFF0,
    0xFFFFFFFF,
)


def flip(data: bytearray, rng: random.Random) -> None:
    """One bit."""
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def extreme(data: bytearray, rng: random.Random) -> None:
    """An aligned word becomes a value at the edge of some range."""
    at = rng.randrange(0, max(1, len(data) - 3), 4)
    data[at : at + 4] = struct.pack("<I", rng.choice(_EXTREME))


def nudge(data: bytearray, rng: random.Random) -> None:
    """An aligned word changes a little: offsets then point beside their target, into other tables, or back."""
    at = rng.randrange(0, max(1, len(data) - 3), 4)
    word = int.from_bytes(data[at : at + 4], "little") + rng.choice((-64, -16, -8, -4, -2, -1, 1, 2, 4, 8, 16, 64))
    data[at : at + 4] = struct.pack("<I", word & 0xFFFFFFFF)


def transplant(data: bytearray, rng: random.Random) -> None:
    """A run of bytes is copied over another place of the same file."""
    length = min(len(data), rng.choice((2, 4, 8, 16, 64)))
    source, target = (rng.randrange(0, len(data) - length + 1) for _ in range(2))
    data[target : target + length] = data[source : source + length]


def cut(data: bytearray, rng: random.Random) -> None:
    """The end is missing."""
    del data[rng.randrange(len(data)) :]


def excise(data: bytearray, rng: random.Random) -> None:
    """A piece in the middle is missing."""
    at = rng.randrange(len(data))
    del data[at : at + rng.choice((1, 4, 16, 256))]


_KINDS = (flip, flip, flip, extreme, extreme, nudge, nudge, transplant, transplant, cut, excise)


def mutate(data: bytes, rng: random.Random, other: bytes = b"") -> bytes:
    """A damaged copy of `data`; sometimes its end is replaced by the end of `other`."""
    damaged = bytearray(data)
    if other and rng.random() < 0.05:
        at = rng.randrange(len(damaged))
        damaged[at:] = other[min(at, len(other)) :]
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        if damaged:
            rng.choice(_KINDS)(damaged, rng)
    return bytes(damaged)
