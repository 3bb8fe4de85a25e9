"""Files that contradict themselves: each is refused with a ModelError that says what is wrong."""

from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tflite

from tests.modelgen import ModelBuilder, Writer
from tests.modelgen.samples import convolution
from tests.tflite.test_reader import behind_the_flatbuffer
from tinyengine_tf.errors import ModelError
from tinyengine_tf.tflite import read


def refused(data: bytes) -> str:
    with pytest.raises(ModelError) as caught:
        read(data, "bad")
    return str(caught.value)


def with_tensor(*args: Any, **kwargs: Any) -> bytes:
    b = ModelBuilder()
    b.tensor(*args, name="odd one", **kwargs)
    return b.finish()


@pytest.mark.parametrize(
    "data", [b"", b"TFL3", b"\x00" * 8, b"PK\x03\x04" + b"\x00" * 99, b"\x89HDF\r\n\x1a\n", b"TFL3" * 9]
)
def test_not_a_model(data: bytes) -> None:
    assert "not a .tflite file" in refused(data) or "outside the file" in refused(data)


@pytest.mark.parametrize(
    ("scales", "zero_points", "message"),
    [
        ([float("nan")], [0], "scale nan"),
        ([float("inf")], [0], "scale inf"),
        ([1.0, -1.0, 1.0], [0, 0, 0], "scale -1.0"),
        ([1.0], [128], "zero point 128 is outside -128..127"),
        ([1.0], [-129], "zero point -129"),
        ([1.0], [1 << 40], "zero point 1099511627776"),
        ([1.0, 1.0, 1.0], [0, 0], "3 scales but 2 zero points"),
        ([1.0], [0, 0, 0], "1 scales but 3 zero points"),
        ([1.0, 1.0], [0, 0], "2 scales along dimension 1 do not match shape [2, 3]"),
    ],
)
def test_quantisation(scales: list[float], zero_points: list[int], message: str) -> None:
    text = refused(with_tensor((2, 3), scales=scales, zero_points=zero_points, axis=1))
    assert message in text and "tensor 0 'odd one'" in text


@pytest.mark.parametrize(
    ("dtype", "zero_point", "good"),
    [
        ("UINT8", 255, True),
        ("UINT8", 256, False),
        ("UINT8", -1, False),
        ("INT16", -32768, True),
        ("INT16", 32768, False),
        ("INT32", 2**31 - 1, True),
        ("INT32", 2**31, False),
        ("INT4", 7, True),
        ("INT4", 8, False),
    ],
)
def test_zero_point_range_follows_the_type(dtype: str, zero_point: int, good: bool) -> None:
    data = with_tensor((2, 3), dtype, scale=1.0, zero_point=zero_point)
    if good:
        assert read(data).tensors[0].quant is not None
    else:
        assert "zero point" in refused(data)


@pytest.mark.parametrize("axis", [-1, 2, 1 << 30])
def test_axis_out_of_range(axis: int) -> None:
    assert "do not match shape" in refused(with_tensor((2, 3), scales=[1.0, 1.0], axis=axis))


@pytest.mark.parametrize(
    ("shape", "dtype", "message"),
    [
        ((1, -1), "INT8", "negative dimension"),
        ((-(2**31), -(2**31)), "INT8", "negative dimension"),
        ((2**31 - 1, 2**31 - 1, 2**31 - 1), "INT8", "bytes; at most"),
        ((2**16, 2**15), "INT8", "needs 2147483648 bytes"),
        ((2**16, 2**13), "INT32", "needs 2147483648 bytes"),
        ((65536, 65536, 65536, 65536), "FLOAT16", "bytes; at most"),
        ((0, 2**31 - 1, 2**31 - 1, 2**31 - 1), "INT8", "bytes; at most"),
        ((1,) * 33, "INT8", "33 dimensions"),
    ],
)
def test_shapes(shape: tuple[int, ...], dtype: str, message: str) -> None:
    assert message in refused(with_tensor(shape, dtype))


@pytest.mark.parametrize(
    ("shape", "dtype", "nbytes"),
    [
        ((4,), "INT8", 3),
        ((4,), "INT8", 5),
        ((2,), "INT32", 7),
        ((3,), "INT4", 1),
        ((3,), "INT4", 3),
        ((), "INT8", 2),
        ((0,), "INT8", 1),
    ],
)
def test_constant_of_another_size(shape: tuple[int, ...], dtype: str, nbytes: int) -> None:
    assert f"holds {nbytes} bytes, but shape" in refused(with_tensor(shape, dtype, data=bytes(nbytes)))


@pytest.mark.parametrize(
    ("inputs", "outputs", "graph_outputs"),
    [([0, 2], [1], [1]), ([-2], [1], [1]), ([0], [-1], [1]), ([0], [2], [1]), ([0], [1], [-1]), ([0], [1], [9])],
)
def test_tensor_index_out_of_range(inputs: list[int], outputs: list[int], graph_outputs: list[int]) -> None:
    b = ModelBuilder()
    b.input((1,))
    b.tensor((1,))
    b.op("RELU", inputs, outputs)
    b.output(*graph_outputs)
    assert "does not exist; the graph has 2" in refused(b.finish())


class Tampered(Writer):
    """Writes fields of one kind of table with other values."""

    def __init__(self, name: str, **fields: Any):
        b = ModelBuilder()
        b.op("SOFTMAX", [b.input((1, 2), scale=1.0)], [b.tensor((1, 2), scale=1.0)], beta=1.0)
        super().__init__(b)
        self.name, self.fields = name, fields

    def table(self, name: str, **fields: Any) -> int:
        return super().table(name, **fields | (self.fields if name == self.name else {}))


@pytest.mark.parametrize(
    ("table", "fields", "message"),
    [
        ("Model", {"Version": 2}, "schema version 2"),
        ("Model", {"Subgraphs": None}, "no subgraph"),
        ("Model", {"OperatorCodes": None}, "operator code 0 does not exist"),
        ("Model", {"Buffers": None}, "buffer 0 does not exist; the file has 0"),
        ("Operator", {"OpcodeIndex": 7}, "operator code 7 does not exist"),
        ("Operator", {"BuiltinOptionsType": tflite.BuiltinOptions.AddOptions}, "SOFTMAX carries AddOptions instead"),
        ("Operator", {"BuiltinOptionsType": 250}, "unknown type 250"),
        ("Tensor", {"Buffer": 2**32 - 1}, "buffer 4294967295 does not exist"),
        ("SoftmaxOptions", {"Beta": float("nan")}, "nan is not a finite number"),
    ],
)
def test_inconsistent_fields(table: str, fields: dict[str, Any], message: str) -> None:
    assert message in refused(Tampered(table, **fields).file())


def test_undefined_enumeration_value() -> None:
    class Odd(Writer):
        def options(self, name: str, options: dict[str, Any]) -> int:
            return self.table(name, Padding=2)

    b = ModelBuilder()
    b.op("MAX_POOL_2D", [b.input((1,))], [b.tensor((1,))])
    assert "undefined value 2; known: SAME, VALID" in refused(Odd(b).file())


@pytest.mark.parametrize("error", [1, 4, 1 << 20, (1 << 63) - 1])
def test_contents_beyond_the_end(error: int) -> None:
    assert "outside the file" in refused(behind_the_flatbuffer(error))


def patched(data: bytes, at: int, value: int) -> bytes:
    return data[:at] + struct.pack("<I", value) + data[at + 4 :]


def vector_positions() -> dict[str, int]:
    """Where some vectors' lengths lie in the sample model."""
    model = tflite.Model.GetRootAs(convolution())
    graph = model.Subgraphs(0)

    def start(table: Any, slot: int) -> int:
        return table._tab.Vector(table._tab.Offset(slot)) - 4

    tensor = graph.Tensors(0)
    return {
        "subgraphs": start(model, 8),
        "buffers": start(model, 12),
        "tensors": start(graph, 4),
        "operators": start(graph, 10),
        "inputs": start(graph, 6),
        "shape": start(tensor, 4),
        "name": start(tensor, 10),
        "scale": start(tensor.Quantization(), 8),
        "op inputs": start(graph.Operators(0), 6),
        "data": start(model.Buffers(1), 4),
    }


@pytest.mark.parametrize("name", list(vector_positions()))
@pytest.mark.parametrize("length", [2**31 - 1, 2**31, 2**32 - 1, 2**30, 10**6])
def test_absurd_vector_lengths(name: str, length: int) -> None:
    assert "outside the file" in refused(patched(convolution(), vector_positions()[name], length))


def test_offsets_in_a_circle() -> None:
    """The root table's fields all lead back to the root table."""
    data = bytearray(convolution())
    root = struct.unpack_from("<I", data)[0]
    vtable = root - struct.unpack_from("<i", data, root)[0]
    for slot in range(4, struct.unpack_from("<H", data, vtable)[0], 2):
        field = struct.unpack_from("<H", data, vtable + slot)[0]
        if field and slot != 4:
            struct.pack_into("<I", data, root + field, (root - root - field) % 2**32)
    refused(bytes(data))


class Repeating(Writer):
    """Every vector of tables called `kind` names its first element again and again."""

    def __init__(self, model: ModelBuilder, kind: str, times: int):
        super().__init__(model)
        self.kind, self.times, self.written = kind, times, ""

    def table(self, name: str, **fields: Any) -> int:
        self.written = name
        return super().table(name, **fields)

    def tables(self, offsets: list[int]) -> int:
        return super().tables(offsets[:1] * self.times if self.written == self.kind and offsets else offsets)


def heavy() -> ModelBuilder:
    """One tensor and one operator that are expensive to read: long name, many scales, 4-bit data, long options."""
    b = ModelBuilder()
    values = np.zeros(4096, np.int8)
    x = b.const(values, dtype="INT4", scales=np.full(4096, 0.5).tolist(), name="n" * 4096)
    b.op("CUSTOM:" + "c" * 4096, [x] * 1024, [x] * 1024, custom_options=bytes(4096))
    return b


@pytest.mark.parametrize(
    ("writer", "message"),
    [
        (lambda: Repeating(heavy(), "Tensor", 30_000), "too many times"),
        (lambda: Repeating(heavy(), "Operator", 30_000), "too many times"),
        (lambda: Repeating(heavy(), "OperatorCode", 30_000), "too many times"),
        (lambda: Repeating(heavy(), "Buffer", 40_000), "at most 32768"),
        (lambda: Repeating(heavy(), "Tensor", 100_000), "at most 32768"),
    ],
)
def test_repetition_is_bounded(writer: Callable[[], Writer], message: str) -> None:
    """A file that names the same bytes thousands of times is refused before memory grows."""
    data = writer().file()
    read(heavy().finish())  # once is fine, and fills the schema's cache before memory is measured
    tracemalloc.start()
    try:
        assert message in refused(data)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 64 * len(data) + (1 << 22)


def test_overlapping_buffers_are_converted_within_the_budget() -> None:
    """Many buffers over the same 4-bit data, each a few bytes shorter: unpacked they would fill gigabytes."""

    class Overlapping(Writer):
        def content(self, data: bytes) -> int:
            if len(data) < 1000:
                return super().content(data)
            words = b"".join(struct.pack("<I", 4 * (5000 - i - 1)) for i in range(5000))
            self.start = super().content(words)
            return self.start

        def buffer(self, data: bytes) -> int:
            if not data:
                return super().buffer(data)
            if not hasattr(self, "start"):
                self.content(data)
            self.index = getattr(self, "index", -1) + 1
            return self.table("Buffer", Data=self.start - 4 * self.index)

    b = ModelBuilder()
    for index in range(400):
        nbytes = 20_000 if index == 0 else 4 * (5000 - index)
        b.tensor((2 * nbytes,), "INT4", data=bytes(nbytes), name=str(index))
    assert "too many times" in refused(Overlapping(b).file())
