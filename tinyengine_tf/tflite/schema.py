"""The .tflite schema as data: generated accessor classes of the `tflite` package -> field descriptions.

The generated accessors trust the file, so they are never used to read it. Instead each one is run once
against a probe that stands in for the FlatBuffers table and notes which slot, type and default the
accessor asks for. `flatbuffer.Table` then reads those fields with every bound checked.
"""

from __future__ import annotations

import enum
import inspect
import re
import struct
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import tflite


class Kind(enum.Enum):
    """How a field is stored."""

    SCALAR = "scalar"
    NUMBERS = "vector of scalars"
    STRING = "string"
    STRINGS = "vector of strings"
    TABLE = "table"
    TABLES = "vector of tables"
    UNION = "table of a type named elsewhere"


@dataclass(frozen=True)
class Field:
    """One field of a table.

    slot     byte offset of the field's entry in the vtable (4, 6, 8, ...)
    scalar   how to unpack the scalar, or one element of a vector of scalars
    default  value of an absent scalar
    table    accessor class of the table, or of the vector's elements
    """

    name: str
    slot: int
    kind: Kind
    scalar: struct.Struct | None = None
    default: int | float | bool = 0
    table: type | None = None

    @property
    def dtype(self) -> np.dtype:
        """Element type of a vector of scalars."""
        assert self.scalar is not None
        return np.dtype(self.scalar.format)


class _Probe:
    """Stands in for flatbuffers.table.Table while one accessor runs, and notes what it asks for first.

    First, because OperatorCode.BuiltinCode goes on to consult a second field.
    """

    Pos = 0
    Bytes = b""

    def __init__(self, present: bool):
        self.present, self.slot = present, 0
        self.scalar: struct.Struct | None = None
        self.string = self.union = self.table = False

    def Offset(self, slot: int) -> int:
        self.slot = self.slot or slot
        return int(self.present)

    def Get(self, flags: Any, _at: int) -> Any:
        self.scalar = self.scalar or flags.packer_type
        return flags.py_type(0)

    def String(self, _at: int) -> bytes:
        self.string = True
        return b""

    def Vector(self, _at: int) -> int:
        return 0

    def Indirect(self, _at: int) -> int:
        self.table = True
        return 0

    def Union(self, _table: Any, _at: int) -> None:
        self.union = True


def snake_case(name: str) -> str:
    """`DilationWFactor` -> `dilation_w_factor`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _field(cls: type, accessor: str, is_vector: bool) -> Field:
    def run(present: bool) -> tuple[_Probe, Any]:
        table = cls()
        table._tab = probe = _Probe(present)  # type: ignore[attr-defined]
        return probe, getattr(table, accessor)(*([0] if is_vector else []))

    name = snake_case(accessor)
    probe, value = run(present=True)
    if probe.scalar is not None:
        if is_vector:
            return Field(name, probe.slot, Kind.NUMBERS, probe.scalar)
        return Field(name, probe.slot, Kind.SCALAR, probe.scalar, default=run(present=False)[1])
    if probe.string:
        return Field(name, probe.slot, Kind.STRINGS if is_vector else Kind.STRING)
    if probe.union:
        return Field(name, probe.slot, Kind.UNION)
    assert probe.table, f"{cls.__name__}.{accessor} is of a kind this module does not know"
    return Field(name, probe.slot, Kind.TABLES if is_vector else Kind.TABLE, table=type(value))


@cache
def fields_of(cls: type) -> dict[str, Field]:
    """Fields of a generated accessor class such as tflite.Conv2DOptions, by snake_case name."""
    fields = {}
    for accessor, function in vars(cls).items():
        if not inspect.isfunction(function) or accessor in ("__init__", "Init"):
            continue
        if accessor.endswith(("Length", "AsNumpy", "IsNone")):
            continue
        parameters = list(inspect.signature(function).parameters)
        field = _field(cls, accessor, is_vector=parameters[1:] == ["j"])
        fields[field.name] = field
    return fields


@cache
def enum_names(cls: type) -> dict[int, str]:
    """Names of a generated enumeration such as tflite.Padding, by value."""
    return {value: name for name, value in vars(cls).items() if isinstance(value, int)}


BUILTIN_OPERATORS = enum_names(tflite.BuiltinOperator)
TENSOR_TYPES = enum_names(tflite.TensorType)
