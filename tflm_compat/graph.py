"""A .tflite file -> the part of it that firmware asks a tflite::Model for, again in the .tflite format.

Kept are the schema version, the description, the operator codes and, of every subgraph, its name, inputs, outputs and
the kind of each operator. Tensors, buffers, options and metadata are gone: those are in the generated code. What is
left takes 4 bytes per operator and a few hundred in all. Because it is a FlatBuffer, flatbuffers' own classes and the
shim's read the same bytes.
"""

from __future__ import annotations

import flatbuffers
import tflite

from tinyengine_tf.tflite.flatbuffer import Blob, Table

FILE_IDENTIFIER = b"TFL3"


def graph_words(data: bytes) -> list[int]:
    """The reduced file as little-endian 32-bit words.

    data   a .tflite file that was read without error.
    """
    model = Table.root(Blob(data), tflite.Model, "model")
    builder = flatbuffers.Builder(0)
    codes = _operator_codes(builder, model)
    kinds: dict[int, int] = {}  # operators of one kind are one table, which their vector names again and again
    graphs = [_subgraph(builder, graph, kinds) for graph in model.children("subgraphs")]
    code_vector, graph_vector = _offsets(builder, codes), _offsets(builder, graphs)
    description = _text(builder, model, "description")
    tflite.ModelStart(builder)
    if description is not None:
        tflite.ModelAddDescription(builder, description)
    tflite.ModelAddSubgraphs(builder, graph_vector)
    tflite.ModelAddOperatorCodes(builder, code_vector)
    tflite.ModelAddVersion(builder, model.number("version"))
    builder.Finish(tflite.ModelEnd(builder), file_identifier=FILE_IDENTIFIER)
    content = bytes(builder.Output())
    return [int.from_bytes(content[at : at + 4], "little") for at in range(0, len(content), 4)]


def _operator_codes(builder: flatbuffers.Builder, model: Table) -> list[int]:
    """Some converters write one code per operator: equal ones become one table that the vector names several times."""
    tables: dict[tuple[int, int, int, str | None], int] = {}
    offsets = []
    for code in model.children("operator_codes"):
        key = (
            code.number("builtin_code"),
            code.number("deprecated_builtin_code"),
            code.number("version"),
            code.text("custom_code") if code.has("custom_code") else None,
        )
        if key not in tables:
            tables[key] = _operator_code(builder, *key)
        offsets.append(tables[key])
    return offsets


def _operator_code(
    builder: flatbuffers.Builder, builtin: int, deprecated_builtin: int, version: int, custom: str | None
) -> int:
    text = builder.CreateString(custom) if custom is not None else None
    tflite.OperatorCodeStart(builder)
    if text is not None:
        tflite.OperatorCodeAddCustomCode(builder, text)
    tflite.OperatorCodeAddVersion(builder, version)
    tflite.OperatorCodeAddBuiltinCode(builder, builtin)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(builder, deprecated_builtin)
    return int(tflite.OperatorCodeEnd(builder))


def _subgraph(builder: flatbuffers.Builder, graph: Table, kinds: dict[int, int]) -> int:
    operators = []
    for operator in graph.children("operators"):
        index = operator.number("opcode_index")
        if index not in kinds:
            tflite.OperatorStart(builder)
            tflite.OperatorAddOpcodeIndex(builder, index)
            kinds[index] = tflite.OperatorEnd(builder)
        operators.append(kinds[index])
    operator_vector = _offsets(builder, operators)
    inputs, outputs = (_integers(builder, graph.integers(key)) for key in ("inputs", "outputs"))
    name = _text(builder, graph, "name")
    tflite.SubGraphStart(builder)
    if name is not None:
        tflite.SubGraphAddName(builder, name)
    tflite.SubGraphAddOperators(builder, operator_vector)
    tflite.SubGraphAddOutputs(builder, outputs)
    tflite.SubGraphAddInputs(builder, inputs)
    return int(tflite.SubGraphEnd(builder))


def _text(builder: flatbuffers.Builder, table: Table, key: str) -> int | None:
    return int(builder.CreateString(table.text(key))) if table.has(key) else None


def _offsets(builder: flatbuffers.Builder, offsets: list[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _integers(builder: flatbuffers.Builder, values: tuple[int, ...]) -> int:
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        builder.PrependInt32(value)
    return int(builder.EndVector())
