"""Bounds-checked FlatBuffers: bytes -> tables, strings, vectors. Any lie in the file becomes a ModelError.

A table is an offset into the file; its vtable, found through a signed offset stored there, gives the
position of each field. Offsets may point anywhere, also at each other, so two things are checked:

  - every read lies inside the file,
  - everything read, counted with repetition, is bounded by a small multiple of the file's size.
    A file can name one big vector a thousand times; without this rule it would be read a thousand times.

The schema nests to a fixed depth, so cycles of offsets cannot cause endless recursion.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from tinyengine_tf.errors import ModelError
from tinyengine_tf.tflite.schema import Field, Kind, fields_of

MAX_TABLES = 1 << 15  # elements of one vector of tables: far beyond any microcontroller model
READ_FACTOR = 4  # bytes that may be read per byte of file, with repetition
READ_SLACK = 1 << 18  # and this much more, so that tiny files full of shared strings pass
TABLE_COST = 64  # a table counts as this many bytes: about what the resulting object costs

_U16, _I32, _U32 = struct.Struct("<H"), struct.Struct("<i"), struct.Struct("<I")


class Blob:
    """The file, and how much may still be read from it."""

    def __init__(self, data: bytes):
        self.data = data
        self.budget = READ_FACTOR * len(data) + READ_SLACK

    def check(self, at: int, count: int, where: str) -> None:
        """Raise ModelError unless bytes [at, at + count) lie in the file."""
        if at < 0 or at + count > len(self.data):
            size = len(self.data)
            raise ModelError(f"{count} bytes at offset {at} lie outside the file of {size} bytes", where=where)

    def charge(self, count: int, where: str) -> None:
        """Raise ModelError when the file makes us read the same bytes over and over."""
        self.budget -= count
        if self.budget < 0:
            raise ModelError("parts of the file refer to the same bytes too many times", where=where)

    def unpack(self, form: struct.Struct, at: int, where: str) -> Any:
        self.check(at, form.size, where)
        return form.unpack_from(self.data, at)[0]

    def vector(self, at: int, item_bytes: int, where: str) -> tuple[int, int]:
        """(offset of the first element, number of elements) of the vector at `at`."""
        count = self.unpack(_U32, at, where)
        self.check(at + 4, count * item_bytes, where)
        return at + 4, count

    def follow(self, at: int, where: str) -> int:
        """Target of the unsigned offset stored at `at`."""
        return at + self.unpack(_U32, at, where)


class Table:
    """One table, read through the field descriptions of its accessor class `cls`."""

    __slots__ = ("_vtable", "_vtable_bytes", "at", "blob", "cls", "where")

    def __init__(self, blob: Blob, cls: type, at: int, where: str):
        self.blob, self.cls, self.at, self.where = blob, cls, at, where
        blob.charge(TABLE_COST, where)
        self._vtable = at - blob.unpack(_I32, at, where)
        self._vtable_bytes = blob.unpack(_U16, self._vtable, where)

    @classmethod
    def root(cls, blob: Blob, accessor: type, where: str) -> Table:
        return cls(blob, accessor, blob.follow(0, where), where)

    def has(self, name: str) -> bool:
        return self._locate(name)[1] is not None

    def number(self, name: str) -> Any:
        """Scalar field, or its schema default."""
        field, at = self._locate(name, Kind.SCALAR)
        if at is None:
            return field.default
        assert field.scalar is not None
        return self.blob.unpack(field.scalar, at, self._at(name))

    def numbers(self, name: str) -> np.ndarray:
        """Vector of scalars as a read-only view of the file; empty when absent."""
        field, at = self._locate(name, Kind.NUMBERS)
        if at is None:
            return np.empty(0, field.dtype)
        where = self._at(name)
        start, count = self.blob.vector(self.blob.follow(at, where), field.dtype.itemsize, where)
        return np.frombuffer(self.blob.data, field.dtype, count, start)

    def integers(self, name: str) -> tuple[int, ...]:
        """Vector of scalars as Python numbers."""
        values = self.numbers(name)
        self.blob.charge(values.nbytes, self._at(name))
        return tuple(values.tolist())

    def raw(self, name: str) -> bytes:
        """Vector of bytes, copied."""
        values = self.numbers(name)
        self.blob.charge(values.nbytes, self._at(name))
        return values.tobytes()

    def text(self, name: str) -> str:
        """String field, "" when absent; bytes that are not UTF-8 become replacement characters."""
        _, at = self._locate(name, Kind.STRING)
        if at is None:
            return ""
        where = self._at(name)
        start, count = self.blob.vector(self.blob.follow(at, where), 1, where)
        self.blob.charge(count, where)
        return self.blob.data[start : start + count].decode("utf-8", errors="replace")

    def child(self, name: str) -> Table | None:
        field, at = self._locate(name, Kind.TABLE)
        where = self._at(name)
        assert field.table is not None
        return None if at is None else Table(self.blob, field.table, self.blob.follow(at, where), where)

    def union(self, name: str, cls: type) -> Table | None:
        """Table whose accessor class `cls` the caller knows from another field."""
        _, at = self._locate(name, Kind.UNION)
        where = self._at(name)
        return None if at is None else Table(self.blob, cls, self.blob.follow(at, where), where)

    def count(self, name: str) -> int:
        """Number of elements of a vector of tables."""
        return self._tables(name)[1]

    def children(self, name: str, limit: int | None = None) -> list[Table]:
        """Elements of a vector of tables, at most the first `limit`."""
        field = fields_of(self.cls)[name]
        start, count = self._tables(name)
        assert field.table is not None
        tables = []
        for index in range(count if limit is None else min(count, limit)):
            where = f"{self._at(name)}[{index}]"
            tables.append(Table(self.blob, field.table, self.blob.follow(start + 4 * index, where), where))
        return tables

    def places(self, name: str) -> list[int]:
        """Where in the file the offsets of a vector of tables stand."""
        start, count = self._tables(name)
        return [start + 4 * index for index in range(count)]

    def _tables(self, name: str) -> tuple[int, int]:
        _, at = self._locate(name, Kind.TABLES)
        if at is None:
            return 0, 0
        where = self._at(name)
        start, count = self.blob.vector(self.blob.follow(at, where), 4, where)
        if count > MAX_TABLES:
            raise ModelError(f"{count} elements; at most {MAX_TABLES} are accepted", where=where)
        return start, count

    def _locate(self, name: str, kind: Kind | None = None) -> tuple[Field, int | None]:
        """Field description, and the field's offset in the file (None when absent)."""
        field = fields_of(self.cls)[name]
        assert kind is None or field.kind is kind, f"{self.cls.__name__}.{name} is a {field.kind.value}"
        if field.slot + 2 > self._vtable_bytes:
            return field, None
        offset = self.blob.unpack(_U16, self._vtable + field.slot, self._at(name))
        return field, (self.at + offset if offset else None)

    def _at(self, name: str) -> str:
        return f"{self.where}.{name}"
