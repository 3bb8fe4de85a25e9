"""Operator options: the builtin-options table of one operator -> {snake_case field: plain value}."""

from __future__ import annotations

import math
from functools import cache

import tflite

from tinyengine_tf.errors import ModelError
from tinyengine_tf.tflite.flatbuffer import Table
from tinyengine_tf.tflite.raw import OptionValue
from tinyengine_tf.tflite.schema import BUILTIN_OPERATORS, TENSOR_TYPES, Field, Kind, enum_names, fields_of

# Fields that hold an enumeration. The schema's compiler reduces them to integers, so the link is kept here.
_TENSOR_TYPE_FIELDS = frozenset(
    (
        "in_data_type",
        "out_data_type",
        "out_type",
        "output_type",
        "idx_out_type",
        "quantized_bias_type",
        "key_dtype",
        "value_dtype",
    )
)
_ENUM_FIELDS = {
    ("*", "padding"): tflite.Padding,
    ("*", "fused_activation_function"): tflite.ActivationFunctionType,
    ("EmbeddingLookupSparseOptions", "combiner"): tflite.CombinerType,
    ("FullyConnectedOptions", "weights_format"): tflite.FullyConnectedOptionsWeightsFormat,
    ("LSHProjectionOptions", "type"): tflite.LSHProjectionType,
    ("LSTMOptions", "kernel_type"): tflite.LSTMKernelType,
    ("MirrorPadOptions", "mode"): tflite.MirrorPadMode,
    ("ReduceWindowOptions", "reduce_function"): tflite.ReduceWindowFunction,
    ("StablehloRngBitGeneratorOptions", "algorithm"): tflite.RngAlgorithm,
    ("StablehloCompareOptions", "comparison_direction"): tflite.StablehloComparisonDirection,
    ("StablehloCompareOptions", "compare_type"): tflite.StablehloComparisonType,
}

# Operators whose options table is not named after them.
_SHARED_OPTIONS = {
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D"), "Pool2DOptions"),
    **dict.fromkeys(
        ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "REDUCE_ANY", "REDUCE_ALL"), "ReducerOptions"
    ),
    **dict.fromkeys(("MAXIMUM", "MINIMUM"), "MaximumMinimumOptions"),
    "L2_NORMALIZATION": "L2NormOptions",
    "UNIDIRECTIONAL_SEQUENCE_RNN": "SequenceRNNOptions",
}

_UNIONS = (
    ("builtin_options_type", "builtin_options", enum_names(tflite.BuiltinOptions)),
    ("builtin_options2_type", "builtin_options2", enum_names(tflite.BuiltinOptions2)),
)


@cache
def options_class(opcode: str) -> type | None:
    """Accessor class of an operator's options, e.g. tflite.Pool2DOptions for MAX_POOL_2D; None when it has none."""
    by_name = {name.lower(): name for _, _, members in _UNIONS for name in members.values()}
    name = _SHARED_OPTIONS.get(opcode) or by_name.get(opcode.replace("_", "").lower() + "options")
    return getattr(tflite, name) if name and opcode in BUILTIN_OPERATORS.values() else None


def read_options(op: Table, opcode: str) -> dict[str, OptionValue]:
    """Options of the operator table `op`; the schema's defaults where the file holds none.

    Nested tables and vectors of strings inside options (StableHLO only) are left out.
    Raises ModelError when the options belong to another operator or hold an undefined value.
    """
    expected = options_class(opcode)
    for type_field, union_field, members in _UNIONS:
        number = op.number(type_field)
        if number == 0 or opcode.startswith("CUSTOM:"):
            continue
        if number not in members:
            raise ModelError(f"options of unknown type {number}", where=op.where)
        found = getattr(tflite, members[number])
        if expected is not None and found is not expected:
            raise ModelError(f"{opcode} carries {found.__name__} instead of {expected.__name__}", where=op.where)
        table = op.union(union_field, found)
        if table is not None:
            return {f.name: _read(table, f) for f in _plain_fields(found)}
        expected = found
    return {} if expected is None else {f.name: _default(expected, f) for f in _plain_fields(expected)}


def _plain_fields(cls: type) -> list[Field]:
    return [f for f in fields_of(cls).values() if f.kind in (Kind.SCALAR, Kind.NUMBERS, Kind.STRING)]


def _default(cls: type, field: Field) -> OptionValue:
    if field.kind is Kind.STRING:
        return ""
    return () if field.kind is Kind.NUMBERS else _name(cls, field, field.default, cls.__name__)


def _read(table: Table, field: Field) -> OptionValue:
    where = f"{table.where}.{field.name}"
    if field.kind is Kind.NUMBERS:
        return table.integers(field.name)
    if field.kind is Kind.STRING:
        return table.text(field.name)
    value = table.number(field.name)
    if isinstance(value, float) and not math.isfinite(value):
        raise ModelError(f"{value} is not a finite number", where=where)
    return _name(table.cls, field, value, where)


def _name(cls: type, field: Field, value: OptionValue, where: str) -> OptionValue:
    """`value`, as a name where the field is an enumeration."""
    if field.name in _TENSOR_TYPE_FIELDS:
        return TENSOR_TYPES.get(value, f"UNKNOWN_{value}")  # type: ignore[arg-type]
    enumeration = _ENUM_FIELDS.get((cls.__name__, field.name), _ENUM_FIELDS.get(("*", field.name)))
    if enumeration is None:
        return value
    names = enum_names(enumeration)
    if value not in names:
        raise ModelError(f"undefined value {value}; known: {', '.join(names.values())}", where=where)
    return names[value]  # type: ignore[index]
