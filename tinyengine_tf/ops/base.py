"""How an operator is defined, registered under its .tflite name, and checked.

An operator module defines a frozen dataclass deriving from `Op`, decorates it with
`@operator("CONV_2D")`, and gives

    RULES         what parse() asks of the file; a Rule is a sentence, and the user reads it
    CONSTRAINTS   what is asked of the Op afterwards
    parse()       RawOp -> one or more Ops; raises `Reject(rule)`, one of RULES, where no Op can be built
    check()       consistency of attributes and shapes: a violation is our bug
    compute()     the outputs from the inputs, in numpy: what the operator means

Importing the package `ops` imports every module in it, so a new operator needs no list.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np

from tinyengine_tf.ir import DType, Op, Tensor


class HW(NamedTuple):
    """A pair in rows, columns."""

    h: int
    w: int


@dataclass(frozen=True)
class Rule:
    """What is accepted, as a sentence that the user reads: in messages, and beside the operator in its list."""

    rule: str


class Reject(Exception):
    """The model breaks `rule`, one of those that the operator lists; `found` is what was met."""

    def __init__(self, rule: Rule, found: object = ""):
        self.rule, self.found = rule, str(found)
        super().__init__(rule.rule)


@dataclass(frozen=True)
class Constraint(Rule):
    """A rule that is asked of an operator once it is built. `found` describes the offending value for the message."""

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


class Definition(enum.Enum):
    """Whose results are right: TFLM's; TensorFlow Lite's, where TFLM lacks the operator or its types; or ours alone."""

    TFLM = "tflm"
    TFLITE = "tflite"
    OURS = "ours"


@dataclass(frozen=True)
class Entry:
    """A registered .tflite operator name: how to parse it and which rules it has.

    needs        inputs, from the first on, without which parse() is not called
    definition   what `Op.compute` is bit-exact with
    """

    opcode: str
    cls: type[Op]
    parse: Parser
    constraints: tuple[Constraint, ...]
    parse_rules: tuple[Rule, ...]
    summary: str
    needs: int
    definition: Definition

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All that a model can break, each once."""
        return tuple({rule.rule: rule for rule in (*self.parse_rules, *self.constraints)}.values())


REGISTRY: dict[str, Entry] = {}
FLOAT_REGISTRY: dict[str, Entry] = {}
"""Names that another class computes where the output is float32."""
OpClass = TypeVar("OpClass", bound=type[Op])


def operator(
    *opcodes: str,
    needs: int | Mapping[str, int] = 1,
    summaries: Mapping[str, str] | None = None,
    own_rules: Mapping[str, Sequence[Rule]] | None = None,
    definitions: Mapping[str, Definition] | None = None,
    floats: bool = False,
) -> Callable[[OpClass], OpClass]:
    """Register the decorated Op class for one or more .tflite operator names.

    needs       inputs that must be there, from the first on; where names differ, those that need other than 1
    summaries   what single names do, where the first line of the class says too little
    own_rules   what parse() asks of single names, beyond the class's RULES
    definitions of names that TFLM does not define
    floats      the class computes the names where the output is float32; another one is registered for the rest
    """
    registry = FLOAT_REGISTRY if floats else REGISTRY

    def register(cls: OpClass) -> OpClass:
        cls.KIND = cls.__dict__.get("KIND") or cls.__name__
        summary = (cls.__doc__ or "").strip().splitlines()[0]
        parse: Parser = cls.parse  # type: ignore[attr-defined]  # ir's Op knows nothing of files
        for opcode in opcodes:
            assert opcode not in registry, opcode
            count = needs if isinstance(needs, int) else needs.get(opcode, 1)
            rules, constraints = (tuple(getattr(cls, name, ())) for name in ("RULES", "CONSTRAINTS"))
            text = (summaries or {}).get(opcode, summary)
            rules += tuple((own_rules or {}).get(opcode, ()))
            definition = (definitions or {}).get(opcode, Definition.TFLM)
            registry[opcode] = Entry(opcode, cls, parse, constraints, rules, text, count, definition)
        return cls

    return register


def entry_of(opcode: str, outputs: Sequence[Tensor]) -> Entry | None:
    """What computes an operator of that name with such outputs; None: nothing does."""
    if outputs and outputs[0].dtype is DType.FLOAT32 and opcode in FLOAT_REGISTRY:
        return FLOAT_REGISTRY[opcode]
    return REGISTRY.get(opcode)


def data_types(op: Op) -> str:
    return ", ".join(t.dtype.tflite_name for t in (*op.data_inputs, *op.outputs))


def all_int8(op: Op) -> bool:
    return all(t.dtype is DType.INT8 for t in (*op.data_inputs, *op.outputs))


def of_one_width(op: Op) -> bool:
    """All data is int8, or all is int16."""
    types = {t.dtype for role, t in op.by_role if role in ("data", "out")}
    return types in ({DType.INT8}, {DType.INT16})


def quantized(op: Op) -> bool:
    """Every int8 tensor that the operator touches carries its scale."""
    return all(t.quant is not None for t in (*op.inputs, *op.outputs) if t is not None and t.dtype is DType.INT8)


def int16_is_symmetric(op: Op) -> bool:
    """Every int16 tensor that the operator computes with carries its scale, and 0 is stored as 0."""
    data = (t for role, t in op.by_role if role in ("data", "out") and t.dtype is DType.INT16)
    return all(t.quant is not None and not any(t.quant.zero_points) for t in data)


SAME_ELEMENTS = Rule("input and output have the same number of elements")
BROADCASTS = Rule("the inputs broadcast to the output's shape")
INT8_DATA = Constraint("inputs and outputs are int8", all_int8, data_types)
QUANTIZED = Constraint("int8 tensors have a scale and a zero point", quantized)


def per_tensor(op: Op) -> bool:
    data = (t for role, t in op.by_role if role in ("data", "out"))
    return all(t.quant is None or not t.quant.per_channel for t in data)


PER_TENSOR = Constraint("activations are quantised per tensor, not per channel", per_tensor)

INT8_ACTIVATIONS: tuple[Constraint, ...] = (INT8_DATA, QUANTIZED, PER_TENSOR)


def whole_range(tensor: Tensor) -> tuple[int, int]:
    """The least and the largest value of an integer tensor's type."""
    info = np.iinfo(tensor.dtype.numpy)
    return int(info.min), int(info.max)


SYMMETRIC_INT16 = Constraint("int16 tensors have a scale and zero point 0", int16_is_symmetric)

ACTIVATIONS: tuple[Constraint, ...] = (
    Constraint("inputs and outputs are all int8 or all int16", of_one_width, data_types),
    QUANTIZED,
    SYMMETRIC_INT16,
    PER_TENSOR,
)
"""Of operators that compute on either width alike."""
