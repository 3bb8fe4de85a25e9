"""A .tflite file -> RawModel: every byte is distrusted, nothing but ModelError is raised."""

from __future__ import annotations

import hashlib

import tflite

from tinyengine_tf.errors import ModelError
from tinyengine_tf.tflite.flatbuffer import Blob, Table
from tinyengine_tf.tflite.foreign import check_identifier
from tinyengine_tf.tflite.options import read_options
from tinyengine_tf.tflite.raw import RawGraph, RawModel, RawOp
from tinyengine_tf.tflite.schema import BUILTIN_OPERATORS
from tinyengine_tf.tflite.signatures import read_signatures
from tinyengine_tf.tflite.tensors import Buffers, read_tensor

SCHEMA_VERSION = 3


def read(data: bytes, name: str = "model") -> RawModel:
    """Read a model file.

    data  the file's content; constants in the result are views of it
    name  used in error messages and kept as the model's name

    Raises ModelError, and nothing else, when the file is truncated, corrupt or inconsistent. Memory and time are
    bounded by a small multiple of the file's size. Whether operators are supported, and whether the graph is
    ordered, is not examined here.
    """
    data = bytes(data)
    check_identifier(data, name)
    blob = Blob(data)
    model = Table.root(blob, tflite.Model, name)
    version = model.number("version")
    if version != SCHEMA_VERSION:
        raise ModelError(f"schema version {version}; only {SCHEMA_VERSION} is known", where=name)
    if not model.count("subgraphs"):
        raise ModelError("the file holds no subgraph", where=name)
    main, *others = _read_graphs(blob, model)
    return RawModel(
        name=name,
        version=version,
        description=model.text("description"),
        tensors=main.tensors,
        ops=main.ops,
        inputs=main.inputs,
        outputs=main.outputs,
        others=tuple(others),
        signatures=read_signatures(model),
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
    )


def _read_graphs(blob: Blob, model: Table) -> list[RawGraph]:
    buffers = Buffers(blob, model.children("buffers"))
    opcodes = [_opcode(table) for table in model.children("operator_codes")]
    graphs = []
    for number, graph in enumerate(model.children("subgraphs")):
        where = f"{model.where}: subgraph {number}" if number else model.where
        tensors = tuple(
            read_tensor(table, index, buffers, where=f"{where}: tensor {index}")
            for index, table in enumerate(graph.children("tensors"))
        )
        graphs.append(
            RawGraph(
                tensors=tensors,
                ops=_read_ops(graph, opcodes, len(tensors), where),
                inputs=_indices(graph, "inputs", len(tensors)),
                outputs=_indices(graph, "outputs", len(tensors)),
            )
        )
    return graphs


def _read_ops(graph: Table, opcodes: list[tuple[str, int]], tensor_count: int, where: str) -> tuple[RawOp, ...]:
    ops = []
    for index, table in enumerate(graph.children("operators")):
        code = table.number("opcode_index")
        if code >= len(opcodes):
            raise ModelError(f"operator code {code} does not exist; the file has {len(opcodes)}", where=table.where)
        opcode, version = opcodes[code]
        table.where = f"{where}: operator {index} {opcode}"
        ops.append(
            RawOp(
                index=index,
                opcode=opcode,
                version=version,
                inputs=_indices(table, "inputs", tensor_count, lowest=-1),
                outputs=_indices(table, "outputs", tensor_count),
                options=read_options(table, opcode),
                custom_options=_custom_options(table),
            )
        )
    return tuple(ops)


def _opcode(table: Table) -> tuple[str, int]:
    """(name, version). Codes above 127 do not fit the old field, so the larger of the two counts."""
    code = max(table.number("builtin_code"), table.number("deprecated_builtin_code"))
    name = BUILTIN_OPERATORS.get(code, f"UNKNOWN_{code}")
    if name == "CUSTOM":
        name = f"CUSTOM:{table.text('custom_code')}"
    return name, table.number("version")


def _custom_options(table: Table) -> bytes:
    """Inline, or behind the FlatBuffer in files over 2 GB."""
    offset, size = table.number("large_custom_options_offset"), table.number("large_custom_options_size")
    if offset <= 1:
        return table.raw("custom_options")
    table.blob.check(offset, size, table.where)
    table.blob.charge(size, table.where)
    return table.blob.data[offset : offset + size]


def _indices(table: Table, name: str, count: int, lowest: int = 0) -> tuple[int, ...]:
    """A vector of tensor indices, each in lowest..count-1."""
    indices = table.integers(name)
    for index in indices:
        if not lowest <= index < count:
            raise ModelError(f"tensor {index} does not exist; the graph has {count}", where=f"{table.where}.{name}")
    return indices
