"""What the reader returns for well-formed files."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
import tflite

from tests.modelgen import ModelBuilder, Writer
from tests.modelgen.samples import convolution, odd_types
from tests.modelgen.schema import options_name
from tinyengine_tf.ir import DType, Quant
from tinyengine_tf.tflite import RawModel, RawOp, RawTensor, read
from tinyengine_tf.tflite.schema import Kind, fields_of, snake_case


def tensor(model: RawModel, name: str) -> RawTensor:
    return next(t for t in model.tensors if t.name == name)


def one_op(opcode: str, **options: Any) -> RawOp:
    b = ModelBuilder()
    x = b.input((1, 2), scale=1.0)
    b.op(opcode, [x], [b.tensor((1, 2), scale=1.0)], **options)
    return read(b.finish()).ops[0]


def test_model_facts() -> None:
    data = convolution()
    model = read(data, "net")
    assert (model.name, model.version, model.others) == ("net", 3, ())
    assert model.description == "conv, depthwise, add, pool, fc, softmax"
    assert model.size_bytes == len(data) and model.sha256 == hashlib.sha256(data).hexdigest()
    assert [op.opcode for op in model.ops] == [
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "ADD",
        "AVERAGE_POOL_2D",
        "RESHAPE",
        "FULLY_CONNECTED",
        "SOFTMAX",
    ]
    assert [op.version for op in model.ops] == [3, 1, 2, 1, 1, 1, 1]
    assert model.inputs == (0,) and model.tensors[model.outputs[0]].name == "probabilities"
    assert [op.index for op in model.ops] == list(range(7))
    assert model.ops[1].inputs[2] == -1
    assert read(bytearray(data)).sha256 == model.sha256


def test_tensor_facts() -> None:
    model = read(convolution())
    image = tensor(model, "image")
    assert (image.index, image.shape, image.dtype, image.data) == (0, (1, 6, 6, 2), DType.INT8, None)
    assert image.quant == Quant((0.5,), (-3,), 0)
    weights = tensor(model, "stem/w")
    assert weights.quant == Quant(tuple(float(np.float32(s)) for s in (0.1, 0.2, 0.3, 0.4)), (0,) * 4, 0)
    expected = np.random.default_rng(1).integers(-127, 128, (4, 3, 3, 2), np.int8)
    assert weights.data is not None and np.array_equal(weights.data, expected)
    assert not weights.data.flags.writeable
    bias = tensor(model, "stem/b")
    assert bias.dtype is DType.INT32 and bias.data is not None and bias.data.tolist() == [0, 1, 2, 3]


def test_odd_types() -> None:
    model = read(odd_types())
    custom = model.ops[0]
    assert (custom.opcode, custom.custom_options, custom.options) == ("CUSTOM:my_op", b"\x01\x02\x03", {})
    x, scalar, variable, four, flags, wide, half, empty = (model.tensors[i] for i in custom.inputs)
    assert scalar.shape == () and scalar.dtype is DType.INT32
    assert x.quant is None and variable.is_variable and variable.data is None
    assert (four.dtype, four.dtype_name) == (DType.INT4, "INT4")
    assert four.data is not None and four.data.tolist() == [-3, -2, -1, 0, 1, 2, 3]
    assert flags.data is not None and flags.data.tolist() == [True, False, True] and flags.data.dtype == bool
    assert wide.data is not None and wide.data.tolist() == [1 << 40]
    assert (half.dtype, half.dtype_name, half.data) == (None, "FLOAT16", None)
    assert empty.shape == (0,) and empty.data is not None and empty.data.shape == (0,)
    assert model.tensors[custom.outputs[0]].dtype is DType.UINT8
    assert model.ops[1].options == {"in_data_type": "INT16", "out_data_type": "BOOL"}
    assert (model.ops[2].opcode, model.ops[2].version, model.ops[2].options) == ("GELU", 2, {"approximate": True})


@pytest.mark.parametrize(
    ("opcode", "written"),
    [
        (
            "CONV_2D",
            dict(
                padding="VALID",
                stride_w=2,
                stride_h=3,
                fused_activation_function="RELU_N1_TO_1",
                dilation_w_factor=4,
                dilation_h_factor=5,
                quantized_bias_type="INT64",
            ),
        ),
        (
            "MAX_POOL_2D",
            dict(
                padding="SAME",
                stride_w=1,
                stride_h=2,
                filter_width=3,
                filter_height=4,
                fused_activation_function="RELU6",
            ),
        ),
        (
            "STRIDED_SLICE",
            dict(begin_mask=1, end_mask=2, ellipsis_mask=3, new_axis_mask=4, shrink_axis_mask=5, offset=True),
        ),
        ("LEAKY_RELU", dict(alpha=0.125)),
        ("SQUEEZE", dict(squeeze_dims=(1, -1))),
        ("PACK", dict(values_count=3, axis=-1)),
        ("ARG_MAX", dict(output_type="INT64")),
        ("MIRROR_PAD", dict(mode="SYMMETRIC")),
        ("BATCH_MATMUL", dict(adj_x=True, adj_y=False, asymmetric_quantize_inputs=True)),
        ("MEAN", dict(keep_dims=True)),
        ("RESIZE_NEAREST_NEIGHBOR", dict(align_corners=True, half_pixel_centers=False)),
    ],
)
def test_options_round_trip(opcode: str, written: dict[str, Any]) -> None:
    assert one_op(opcode, **written).options == written


def test_schema_defaults_without_an_options_table() -> None:
    assert one_op("CONV_2D", bare=True).options == {
        "padding": "SAME",
        "stride_w": 0,
        "stride_h": 0,
        "fused_activation_function": "NONE",
        "dilation_w_factor": 1,
        "dilation_h_factor": 1,
        "quantized_bias_type": "FLOAT32",
    }
    assert one_op("ADD", bare=True).options == {"fused_activation_function": "NONE", "pot_scale_int16": True}
    assert one_op("LOGISTIC", bare=True).options == {}


@pytest.mark.parametrize("opcode", [name for name in vars(tflite.BuiltinOperator) if name[0].isalpha()])
def test_every_builtin_operator(opcode: str) -> None:
    """Any operator of the schema is read, whether or not anything supports it, with all its plain options."""
    op = one_op(opcode) if opcode != "CUSTOM" else one_op("CUSTOM:x")
    assert op.opcode == opcode or op.opcode == "CUSTOM:x"
    name = options_name(opcode)
    if name is not None:
        fields = fields_of(getattr(tflite, name)).values()
        assert set(op.options) == {f.name for f in fields if f.kind in (Kind.SCALAR, Kind.NUMBERS, Kind.STRING)}
        assert op.options == one_op(opcode, bare=True).options


def test_names_that_are_not_utf8() -> None:
    data = convolution().replace(b"stem/Relu", b"stem\xff\xfe\xfd\x80u")
    assert "stem����u" in [t.name for t in read(data).tensors]


def test_one_zero_point_for_all_channels() -> None:
    b = ModelBuilder()
    b.input((2, 3), scales=[1.0, 2.0, 3.0], zero_points=[0], axis=1)
    assert read(b.finish()).tensors[0].quant == Quant((1.0, 2.0, 3.0), (0, 0, 0), 1)


@pytest.mark.parametrize("quantisation", [{}, {"zero_points": [0]}, {"scales": [1.0], "zero_points": []}])
def test_no_quantisation(quantisation: dict[str, Any]) -> None:
    """Like TFLM, which ignores scales without zero points and the reverse."""
    b = ModelBuilder()
    b.input((2, 3), **quantisation)
    assert read(b.finish()).tensors[0].quant is None


def test_axis_of_a_rank_1_tensor() -> None:
    b = ModelBuilder()
    b.const(np.zeros(2, np.int32), scales=[1.0, 2.0], axis=3)
    assert read(b.finish()).tensors[0].quant == Quant((1.0, 2.0), (0, 0), 0)


def test_single_scale_on_any_axis_is_per_tensor() -> None:
    b = ModelBuilder()
    b.input((1, 2, 2, 3), scales=[0.5], axis=3)
    quant = read(b.finish()).tensors[0].quant
    assert quant == Quant((0.5,), (0,), 0) and not quant.per_channel


def test_tensors_may_share_a_buffer() -> None:
    class Shared(Writer):
        def tensor(self, tensor: Any, buffer: int) -> int:
            return super().tensor(tensor, min(buffer, 1))

    b = ModelBuilder()
    for _ in range(3):
        b.const(np.array([5, 6], np.int32))
    assert [t.data.tolist() for t in read(Shared(b).file()).tensors if t.data is not None] == [[5, 6]] * 3


def test_the_first_subgraph_is_the_model() -> None:
    class Twice(Writer):
        def table(self, name: str, **fields: Any) -> int:
            if name == "Model":
                empty = super().table("SubGraph")
                graph = super().table("SubGraph", Name=self.out.CreateString("first"))
                fields["Subgraphs"] = self.tables([graph, empty])
            return super().table(name, **fields)

    model = read(Twice(ModelBuilder()).file())
    assert len(model.others) == 1 and model.tensors == () and model.inputs == ()


def test_sparse_tensors_have_an_unknown_type() -> None:
    class Sparse(Writer):
        def table(self, name: str, **fields: Any) -> int:
            if name == "Tensor":
                fields["Sparsity"] = super().table("SparsityParameters")
            return super().table(name, **fields)

    b = ModelBuilder()
    b.const(np.ones((2, 2), np.int8), scale=1.0)
    sparse = read(Sparse(b).file()).tensors[0]
    assert (sparse.dtype, sparse.dtype_name, sparse.data) == (None, "SPARSE INT8", None)


def behind_the_flatbuffer(offset_error: int = 0) -> bytes:
    """Constants and custom options stored after the FlatBuffer, as in files over 2 GB."""

    class External(Writer):
        offset = 2

        def buffer(self, data: bytes) -> int:
            return self.table("Buffer", Offset=self.offset, Size=len(data)) if data else super().buffer(data)

        def table(self, name: str, **fields: Any) -> int:
            if name == "Operator":
                fields |= {"LargeCustomOptionsOffset": self.offset + 2, "LargeCustomOptionsSize": 2}
            return super().table(name, **fields)

    b = ModelBuilder()
    b.op("CUSTOM:x", [b.const(np.array([1, 2, 3, 4], np.int8))], [b.tensor((1,))])
    size = len(External(b).file())
    External.offset = size + offset_error
    return External(b).file() + bytes([1, 2, 3, 4])


def test_contents_behind_the_flatbuffer() -> None:
    model = read(behind_the_flatbuffer())
    assert model.tensors[0].data is not None and model.tensors[0].data.tolist() == [1, 2, 3, 4]
    assert model.ops[0].custom_options == bytes([3, 4])


def test_operator_newer_than_the_schema() -> None:
    class Newer(Writer):
        def operator_code(self, opcode: str, version: int) -> int:
            return self.table("OperatorCode", DeprecatedBuiltinCode=127, BuiltinCode=9999, Version=version)

    b = ModelBuilder()
    b.op("RELU", [b.input((1,))], [b.tensor((1,))])
    assert read(Newer(b).file()).ops[0].opcode == "UNKNOWN_9999"


def test_type_newer_than_the_schema() -> None:
    class Newer(Writer):
        def table(self, name: str, **fields: Any) -> int:
            return super().table(name, **fields | ({"Type": 99} if name == "Tensor" else {}))

    b = ModelBuilder()
    b.const(np.ones(3, np.int8))
    tensor = read(Newer(b).file()).tensors[0]
    assert (tensor.dtype, tensor.dtype_name, tensor.data) == (None, "UNKNOWN_99", None)


def test_snake_case() -> None:
    assert [snake_case(n) for n in ("DilationWFactor", "PotScaleInt16", "AdjX", "Padding")] == [
        "dilation_w_factor",
        "pot_scale_int16",
        "adj_x",
        "padding",
    ]


class SlotRecorder:
    """Stands in for flatbuffers.Builder, and notes which slot and default a generated Add function uses."""

    def __init__(self) -> None:
        self.call: tuple[str, int, Any] = ("", -1, None)

    def __getattr__(self, method: str) -> Any:
        def prepend(slot: int, _value: Any, default: Any) -> None:
            self.call = (method, slot, default)

        return prepend


def tables() -> list[type]:
    return [cls for cls in vars(tflite).values() if isinstance(cls, type) and hasattr(cls, "Init")]


@pytest.mark.parametrize("cls", tables(), ids=lambda cls: cls.__name__)
def test_fields_agree_with_the_generated_builders(cls: type) -> None:
    """Slots, widths and defaults found by probing the accessors are those that the writing half of the package uses."""
    prefix = f"{cls.__name__}Add"
    adders = {name[len(prefix) :]: add for name, add in vars(tflite).items() if name.startswith(prefix)}
    fields = fields_of(cls)
    assert set(fields) == {snake_case(name) for name in adders}
    for name, add in adders.items():
        recorder, field = SlotRecorder(), fields[snake_case(name)]
        add(recorder, 1)
        method, slot, default = recorder.call
        assert field.slot == 4 + 2 * slot
        if field.kind is Kind.SCALAR:
            assert field.scalar is not None and field.default == default
            width = method.removeprefix("Prepend").removesuffix("Slot")
            assert field.scalar.format.lstrip("<") == FORMATS[width]
        else:
            assert method == "PrependUOffsetTRelativeSlot"


FORMATS = {
    "Bool": "?",
    "Int8": "b",
    "Uint8": "B",
    "Int16": "h",
    "Uint16": "H",
    "Int32": "i",
    "Uint32": "I",
    "Int64": "q",
    "Uint64": "Q",
    "Float32": "f",
    "Float64": "d",
}


def test_kinds_of_fields() -> None:
    kinds = {name: field.kind for name, field in fields_of(tflite.Model).items()}
    assert kinds["subgraphs"] is Kind.TABLES and kinds["description"] is Kind.STRING
    assert fields_of(tflite.Operator)["builtin_options"].kind is Kind.UNION
    assert fields_of(tflite.Tensor)["quantization"].table is tflite.QuantizationParameters
    assert fields_of(tflite.Tensor)["shape"].kind is Kind.NUMBERS
    assert fields_of(tflite.Tensor)["shape"].dtype == np.int32


def test_open_dimensions() -> None:
    b = ModelBuilder()
    x = b.input((1, 4), scale=0.1, signature=(-1, 4))
    b.output(x)
    assert [t.is_dynamic for t in read(b.finish(), "open").tensors] == [True]
