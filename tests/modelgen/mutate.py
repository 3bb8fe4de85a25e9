"""Damage a file the way disks, networks and attackers do: bytes, random generator -> bytes.

Some damage knows nothing of the format; some knows FlatBuffers' tables, and leaves them well formed: a field is absent,
stands for its neighbour, has another number, or leads to another table.
"""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass
from functools import lru_cache

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


@dataclass(frozen=True)
class Table:
    """Where a table lies: `slots` are the places in its vtable that are not 0, `fields` where these lead."""

    start: int
    slots: tuple[int, ...]
    fields: tuple[int, ...]


@lru_cache(maxsize=64)
def tables(data: bytes) -> tuple[Table, ...]:
    """Everything in a file that reads as a table: a signed offset to a vtable whose fields lie within the table."""
    found = []
    for start in range(4, len(data) - 3, 4):
        vtable = start - int.from_bytes(data[start : start + 4], "little", signed=True)
        if not 0 <= vtable <= len(data) - 4 or vtable == start:
            continue
        vtable_bytes, table_bytes = struct.unpack_from("<HH", data, vtable)
        if vtable_bytes % 2 or not 6 <= vtable_bytes <= 128 or vtable + vtable_bytes > len(data):
            continue
        slots = [at for at in range(vtable + 4, vtable + vtable_bytes, 2) if data[at] or data[at + 1]]
        fields = [start + int.from_bytes(data[at : at + 2], "little") for at in slots]
        if slots and all(start + 4 <= field < min(start + table_bytes, len(data) - 3) for field in fields):
            found.append(Table(start, tuple(slots), tuple(fields)))
    return tuple(found)


def drop_field(data: bytearray, rng: random.Random, table: Table) -> None:
    """A field takes its default."""
    at = rng.choice(table.slots)
    data[at : at + 2] = b"\0\0"


def confuse_fields(data: bytearray, rng: random.Random, table: Table) -> None:
    """A field stands where another does."""
    target, source = rng.choice(table.slots), rng.choice(table.slots)
    data[target : target + 2] = data[source : source + 2]


def change_field(data: bytearray, rng: random.Random, table: Table) -> None:
    """A number or enumeration in a table has another value."""
    at = rng.choice(table.fields)
    size = rng.choice((1, 1, 2, 4))
    value = rng.choice((rng.randrange(160), rng.choice(_EXTREME)))
    data[at : at + size] = (value % (1 << (8 * size))).to_bytes(size, "little")


def retarget_field(data: bytearray, rng: random.Random, table: Table) -> None:
    """A field leads to another table, or to what another table's field leads to."""
    at, other = rng.choice(table.fields), rng.choice(tables(bytes(data)) or (table,))
    place = other.start
    if rng.random() < 0.5:
        field = rng.choice(other.fields)
        place = field + int.from_bytes(data[field : field + 4], "little")
    data[at : at + 4] = struct.pack("<I", (place - at) & 0xFFFFFFFF)


def change_length(data: bytearray, rng: random.Random, table: Table) -> None:
    """The vector or string that a field leads to is longer or shorter."""
    at = rng.choice(table.fields)
    place = at + int.from_bytes(data[at : at + 4], "little")
    if place + 4 <= len(data):
        length = int.from_bytes(data[place : place + 4], "little")
        changed = rng.choice((0, length - 1, length + 1, length // 2, length * 2, rng.choice(_EXTREME)))
        data[place : place + 4] = struct.pack("<I", changed & 0xFFFFFFFF)


_TABLE_KINDS = (drop_field, confuse_fields, change_field, change_field, change_field, retarget_field, change_length)


def mutate_tables(data: bytes, rng: random.Random) -> bytes:
    """A copy in which fields of one to four tables are damaged."""
    damaged = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        found = tables(data)
        if found:
            rng.choice(_TABLE_KINDS)(damaged, rng, rng.choice(found))
    return bytes(damaged)


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
