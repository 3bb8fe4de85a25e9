"""Which entry of a model file is meant: a signature's name -> the file with that entry's subgraph in front.

TensorFlow Lite Micro runs the first subgraph of a file. A model exported with several signatures has one subgraph for
each; to choose another, its place in the file's list of subgraphs is exchanged with the first one's. So everything
that reads the file, TFLM included, means the same entry.
"""

from __future__ import annotations

import struct

import tflite

from tinyengine_tf.errors import UnsupportedError, UsageError
from tinyengine_tf.tflite.flatbuffer import Blob, Table
from tinyengine_tf.tflite.foreign import check_identifier
from tinyengine_tf.tflite.raw import RawSignature


def with_signature(data: bytes, key: str, where: str = "model") -> bytes:
    """The same model, which begins with the subgraph that signature `key` runs.

    Raises UsageError for a name that the file does not have, ModelError for a malformed file.
    """
    check_identifier(data, where)
    model = Table.root(Blob(data), tflite.Model, where)
    known = {s.key: s.subgraph for s in read_signatures(model)}
    if key not in known:
        names = ", ".join(known) or "none"
        raise UsageError(f"no signature {key!r}", hint=f"one of the file's signatures: {names}")
    places = model.places("subgraphs")
    chosen = known[key]
    if chosen == 0:
        return data
    if chosen >= len(places):
        raise UsageError(f"signature {key!r} names subgraph {chosen}; the file has {len(places)}")
    return _exchange(data, places[0], places[chosen], where)


def read_signatures(model: Table) -> tuple[RawSignature, ...]:
    """In the file's order."""
    return tuple(
        RawSignature(table.text("signature_key"), table.number("subgraph_index"))
        for table in model.children("signature_defs")
    )


def _exchange(data: bytes, first: int, second: int, where: str) -> bytes:
    """Two offsets of one vector point to each other's targets. An offset counts from where it stands."""
    a, b = (at + int(struct.unpack_from("<I", data, at)[0]) for at in (first, second))
    if min(a, b) <= max(first, second):
        raise UnsupportedError(
            ["its subgraphs lie before the list of them"], where=where, hint="export the model again"
        )
    changed = bytearray(data)
    struct.pack_into("<I", changed, first, b - first)
    struct.pack_into("<I", changed, second, a - second)
    return bytes(changed)
