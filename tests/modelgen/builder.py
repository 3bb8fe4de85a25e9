"""ModelBuilder: tensors and operators, in Python -> bytes of a .tflite file.

    b = ModelBuilder("tiny")
    x = b.input((1, 8, 8, 3), scale=0.05, zero_point=-3)
    w = b.const(np.ones((4, 3, 3, 3), np.int8), scales=[0.1, 0.2, 0.1, 0.3], axis=0)
    c = b.const(np.zeros(4, np.int32), scales=[0.005, 0.01, 0.005, 0.015])
    y = b.tensor((1, 8, 8, 4), scale=0.2, zero_point=4)
    b.op("CONV_2D", [x, w, c], [y], padding="SAME", stride_w=1, stride_h=1, fused_activation_function="RELU")
    b.output(y)
    data = b.finish()

Files are written through the builder functions of the `tflite` package, which the reader under test does not use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
import tflite

from tests.modelgen.schema import option_value, options_name

_DTYPES = {
    "BOOL": "bool",
    "INT8": "int8",
    "UINT8": "uint8",
    "INT16": "<i2",
    "UINT16": "<u2",
    "INT32": "<i4",
    "UINT32": "<u4",
    "INT64": "<i8",
    "FLOAT16": "<f2",
    "FLOAT32": "<f4",
    "FLOAT64": "<f8",
}
_NAMES = {np.dtype(numpy_name): name for name, numpy_name in _DTYPES.items()}


@dataclass
class _Tensor:
    name: str
    shape: tuple[int, ...]
    dtype: str
    scales: Sequence[float]
    zero_points: Sequence[int]
    axis: int
    data: bytes | None
    is_variable: bool
    signature: Sequence[int] | None


@dataclass
class _Op:
    opcode: str
    version: int
    inputs: list[int]
    outputs: list[int]
    options: dict[str, Any] | None
    custom_options: bytes


@dataclass
class ModelBuilder:
    """Collects one subgraph; every method that makes a tensor returns its index.

    others       further subgraphs of the file, 1, 2, ...; their own `others` do not count
    signatures   subgraphs by name
    """

    name: str = "model"
    description: str = "modelgen"
    schema_version: int = 3
    others: list[ModelBuilder] = field(default_factory=list)
    signatures: dict[str, int] = field(default_factory=dict)
    _tensors: list[_Tensor] = field(default_factory=list)
    _ops: list[_Op] = field(default_factory=list)
    _inputs: list[int] = field(default_factory=list)
    _outputs: list[int] = field(default_factory=list)

    def tensor(
        self,
        shape: Sequence[int],
        dtype: str = "INT8",
        *,
        scale: float | None = None,
        zero_point: int = 0,
        scales: Sequence[float] | None = None,
        zero_points: Sequence[int] | None = None,
        axis: int = 0,
        name: str | None = None,
        data: bytes | None = None,
        is_variable: bool = False,
        signature: Sequence[int] | None = None,
    ) -> int:
        """A tensor computed at run time (or, with `data`, a constant given as the file's bytes).

        Quantised per tensor by `scale` and `zero_point`, or per index of dimension `axis` by `scales`
        and `zero_points` (default: all 0), or not at all. `signature` is the shape with -1 for open dimensions.
        """
        if scale is not None:
            scales, zero_points = [scale], [zero_point]
        scales = [float(s) for s in scales] if scales is not None else []
        zero_points = [int(z) for z in zero_points] if zero_points is not None else [0] * len(scales)
        index = len(self._tensors)
        self._tensors.append(
            _Tensor(
                name or f"t{index}",
                tuple(map(int, shape)),
                dtype,
                scales,
                zero_points,
                axis,
                data,
                is_variable,
                signature,
            )
        )
        return index

    def input(self, shape: Sequence[int], dtype: str = "INT8", **quantisation: Any) -> int:
        """A tensor that is an input of the graph; arguments as for `tensor`."""
        self._inputs.append(self.tensor(shape, dtype, **quantisation))
        return self._inputs[-1]

    def const(self, values: Any, dtype: str | None = None, **quantisation: Any) -> int:
        """A constant. Type and shape come from the array; dtype="INT4" packs values -8..7, two per byte."""
        array = np.asarray(values)
        dtype = dtype or _NAMES[array.dtype]
        data = pack_int4(array) if dtype == "INT4" else array.astype(_DTYPES[dtype]).tobytes()
        return self.tensor(array.shape, dtype, data=data, **quantisation)

    def op(
        self,
        opcode: str,
        inputs: Sequence[int | None],
        outputs: Sequence[int],
        *,
        version: int = 1,
        custom_options: bytes = b"",
        bare: bool = False,
        **options: Any,
    ) -> None:
        """Append an operator. opcode is a builtin name or "CUSTOM:name"; None is an absent optional input.

        options  fields of the builtin options; enumerations by name, vectors as sequences
        bare     write no options table at all
        """
        assert not (bare and options), "a bare operator has no options"
        present = [-1 if i is None else i for i in inputs]
        self._ops.append(_Op(opcode, version, present, list(outputs), None if bare else options, custom_options))

    def output(self, *tensors: int) -> None:
        """Declare outputs of the graph, in order."""
        self._outputs.extend(tensors)

    def finish(self) -> bytes:
        """The file."""
        return Writer(self).file()


def pack_int4(array: np.ndarray) -> bytes:
    """Values -8..7 -> two per byte, the first in the low nibble."""
    flat = array.astype(np.int8).reshape(-1)
    assert flat.size == 0 or (flat.min() >= -8 and flat.max() <= 7), "outside the range of INT4"
    nibbles = np.append(flat, np.zeros(flat.size % 2, np.int8)).view(np.uint8) & 15
    return (nibbles[0::2] | nibbles[1::2] << 4).tobytes()


class Writer:
    """Writes one model; FlatBuffers are built from the leaves to the root."""

    def __init__(self, model: ModelBuilder):
        self.model = model
        self.out = flatbuffers.Builder(1024)

    def file(self) -> bytes:
        model, out = self.model, self.out
        graphs = (model, *model.others)
        contents = [b""]  # buffer 0 is empty by convention
        buffer_of: dict[int, int] = {}
        for tensor in (t for graph in graphs for t in graph._tensors):
            if tensor.data is not None:
                contents.append(tensor.data)
            buffer_of[id(tensor)] = len(contents) - 1 if tensor.data is not None else 0
        codes = list(dict.fromkeys((op.opcode, op.version) for graph in graphs for op in graph._ops))
        buffers = self.tables([self.buffer(content) for content in contents])
        subgraphs = self.tables([self.subgraph(graph, buffer_of, codes) for graph in graphs])
        signatures = tuple(model.signatures.items())
        signature_defs = self.tables([self.signature(*s) for s in signatures]) if signatures else None
        root = self.table(
            "Model",
            Version=model.schema_version,
            Description=out.CreateString(model.description),
            OperatorCodes=self.tables([self.operator_code(*code) for code in codes]),
            Subgraphs=subgraphs,
            Buffers=buffers,
            SignatureDefs=signature_defs,
        )
        out.Finish(root, file_identifier=b"TFL3")
        return bytes(out.Output())

    def signature(self, key: str, subgraph: int) -> int:
        return self.table("SignatureDef", SignatureKey=self.out.CreateString(key), SubgraphIndex=subgraph)

    def subgraph(self, graph: ModelBuilder, buffer_of: dict[int, int], codes: list[tuple[str, int]]) -> int:
        tensors = self.tables([self.tensor(t, buffer_of[id(t)]) for t in graph._tensors])
        operators = self.tables([self.operator(op, codes.index((op.opcode, op.version))) for op in graph._ops])
        return self.table(
            "SubGraph",
            Tensors=tensors,
            Operators=operators,
            Name=self.out.CreateString(graph.name),
            Inputs=self.integers(graph._inputs),
            Outputs=self.integers(graph._outputs),
        )

    def table(self, name: str, **fields: Any) -> int:
        """Write a table; None leaves a field out."""
        getattr(tflite, f"{name}Start")(self.out)
        for key, value in fields.items():
            if value is not None:
                getattr(tflite, f"{name}Add{key}")(self.out, value)
        return getattr(tflite, f"{name}End")(self.out)

    def tables(self, offsets: list[int]) -> int:
        self.out.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.out.PrependUOffsetTRelative(offset)
        return self.out.EndVector()

    def integers(self, values: Sequence[int], dtype: str = "<i4") -> int:
        return self.out.CreateNumpyVector(np.array(values, dtype))

    def content(self, data: bytes) -> int:
        """A byte vector aligned to 16, as TFLM expects of constants."""
        out = self.out
        out.StartVector(1, len(data), 16)
        out.head = out.Head() - len(data)
        out.Bytes[out.Head() : out.Head() + len(data)] = data
        return out.EndVector()

    def buffer(self, data: bytes) -> int:
        return self.table("Buffer", Data=self.content(data) if data else None)

    def tensor(self, tensor: _Tensor, buffer: int) -> int:
        quantization = None
        if tensor.scales or tensor.zero_points:
            scale = self.out.CreateNumpyVector(np.array(tensor.scales, "<f4"))
            zero_point = self.integers(tensor.zero_points, "<i8")
            quantization = self.table(
                "QuantizationParameters", Scale=scale, ZeroPoint=zero_point, QuantizedDimension=tensor.axis
            )
        return self.table(
            "Tensor",
            Name=self.out.CreateString(tensor.name),
            Shape=self.integers(tensor.shape),
            Buffer=buffer,
            Type=getattr(tflite.TensorType, tensor.dtype),
            Quantization=quantization,
            IsVariable=tensor.is_variable,
            ShapeSignature=None if tensor.signature is None else self.integers(tensor.signature),
        )

    def operator_code(self, opcode: str, version: int) -> int:
        kind, _, custom = opcode.partition(":")
        code = getattr(tflite.BuiltinOperator, kind)
        return self.table(
            "OperatorCode",
            DeprecatedBuiltinCode=min(code, 127),
            BuiltinCode=code,
            Version=version,
            CustomCode=self.out.CreateString(custom) if custom else None,
        )

    def operator(self, op: _Op, code: int) -> int:
        name = None if op.options is None else options_name(op.opcode)
        assert name or not op.options, f"{op.opcode} has no options"
        union = second = None
        if name:
            offset = self.options(name, op.options or {})
            number = getattr(tflite.BuiltinOptions, name, None)
            if number is not None:
                union = number, offset
            else:
                second = getattr(tflite.BuiltinOptions2, name), offset
        return self.table(
            "Operator",
            OpcodeIndex=code,
            Inputs=self.integers(op.inputs),
            Outputs=self.integers(op.outputs),
            BuiltinOptionsType=union and union[0],
            BuiltinOptions=union and union[1],
            BuiltinOptions2Type=second and second[0],
            BuiltinOptions2=second and second[1],
            CustomOptions=self.content(op.custom_options) if op.custom_options else None,
        )

    def options(self, name: str, options: dict[str, Any]) -> int:
        fields = {}
        for key, value in options.items():
            camel = "".join(word.capitalize() for word in key.split("_"))
            assert hasattr(tflite, f"{name}Add{camel}"), f"{name} has no field {key!r}"
            if isinstance(value, (list, tuple)):
                fields[camel] = self.integers(value)
            elif key in ("container", "shared_name"):
                fields[camel] = self.out.CreateString(value)
            else:
                fields[camel] = option_value(key, value)
        return self.table(name, **fields)
