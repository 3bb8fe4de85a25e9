"""How an operator is defined, registered under its .tflite name, and checked.

An operator module defines a frozen dataclass deriving from `Op`, decorates it with
`@operator("CONV_2D")`, and gives

    CONSTRAINTS   rules a model must keep; each rule's sentence is what the user reads
    parse()       RawOp -> one or more Ops; raises `Reject(rule)` where no Op can be built
    check()       consistency of attributes and shapes: a violation is our bug
    compute()     the outputs from the inputs, in numpy: what the operator means

Importing the package `ops` imports every module in it, so a new operator needs no list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

from tinyengine_tf.ir import DType, Op, Tensor


class HW(NamedTuple):
    """A pair in rows, columns."""

    h: int
    w: int


class Reject(Exception):
    """The model breaks a rule; `rule` is a sentence that says what is accepted, `found` what was met."""

    def __init__(self, rule: str, found: object = ""):
        self.rule, self.found = rule, str(found)
        super().__init__(rule)


@dataclass(frozen=True)
class Constraint:
    """A rule the user's model must keep. `found` describes the offending value for the message."""

    rule: str
    holds: Callable[[Any], bool]
    found: Callable[[Any], object] = lambda op: ""


class RawOpLike(Protocol):
    """The part of tflite.RawOp that operators read."""

    @property
    def index(self) -> int: ...

    @property
    def opcode(self) -> str: ...

    @property
    def options(self) -> Mapping[str, Any]: ...

    @property
    def custom_options(self) -> bytes: ...


Parser = Callable[[RawOpLike, tuple[Tensor | None, ...], tuple[Tensor, ...]], "tuple[Op, ...]"]


@dataclass(frozen=True)
class Entry:
    """A registered .tflite operator name: how to parse it and which rules it has."""

    opcode: str
    cls: type[Op]
    parse: Parser
    constraints: tuple[Constraint, ...]
    summary: str


REGISTRY: dict[str, Entry] = {}
OpClass = TypeVar("OpClass", bound=type[Op])


def operator(*opcodes: str) -> Callable[[OpClass], OpClass]:
    """Register the decorated Op class for one or more .tflite operator names."""

    def register(cls: OpClass) -> OpClass:
        cls.KIND = cls.__dict__.get("KIND") or cls.__name__
        summary = (cls.__doc__ or "").strip().splitlines()[0]
        parse: Parser = cls.parse  # type: ignore[attr-defined]  # ir's Op knows nothing of files
        for opcode in opcodes:
            assert opcode not in REGISTRY, opcode
            REGISTRY[opcode] = Entry(opcode, cls, parse, tuple(getattr(cls, "CONSTRAINTS", ())), summary)
        return cls

    return register


def data_types(op: Op) -> str:
    return ", ".join(t.dtype.tflite_name for t in (*op.data_inputs, *op.outputs))


def all_int8(op: Op) -> bool:
    return all(t.dtype is DType.INT8 for t in (*op.data_inputs, *op.outputs))


def quantized(op: Op) -> bool:
    """Every int8 tensor that the operator touches carries its scale."""
    return all(t.quant is not None for t in (*op.inputs, *op.outputs) if t is not None and t.dtype is DType.INT8)


INT8_DATA = Constraint("inputs and outputs are int8", all_int8, data_types)
QUANTIZED = Constraint("int8 tensors have a scale and a zero point", quantized)


def per_tensor(op: Op) -> bool:
    return all(t.quant is None or not t.quant.per_channel for t in (*op.data_inputs, *op.outputs))


PER_TENSOR = Constraint("activations are quantised per tensor, not per channel", per_tensor)

INT8_ACTIVATIONS: tuple[Constraint, ...] = (INT8_DATA, QUANTIZED, PER_TENSOR)
