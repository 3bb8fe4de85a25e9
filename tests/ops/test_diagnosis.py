"""What a refused model's owner reads first: which kind of model it is, and how to export it instead."""

from __future__ import annotations

import numpy as np
import pytest

from tests.modelgen import ModelBuilder
from tinyengine_tf import api
from tinyengine_tf.errors import InternalError, ModelError, UnsupportedError
from tinyengine_tf.ops import reshape


def dense(data: str, weights: str, *, through: str | None = None, name: str = "y") -> ModelBuilder:
    """FULLY_CONNECTED of activations and weights of given types; weights may come `through` DEQUANTIZE."""
    b = ModelBuilder()
    quant = {} if data == "FLOAT32" else {"scale": 0.1}
    x, y = b.input((1, 4), data, **quant), b.tensor((1, 3), data, name=name, **quant)
    stored = b.const(np.ones((3, 4)), weights, **({} if weights.startswith("FLOAT") else {"scale": 0.1}))
    w = stored
    if through is not None:
        w = b.tensor((3, 4), "FLOAT32")
        b.op(through, [stored], [w])
    b.op("FULLY_CONNECTED", [x, w, None], [y])
    b.output(y)
    return b


def elementwise(dtype: str) -> ModelBuilder:
    b = ModelBuilder()
    x, y = b.input((1, 4), dtype, scale=0.1), b.tensor((1, 4), dtype, scale=0.1)
    b.op("L2_NORMALIZATION", [x], [y])
    b.output(y)
    return b


def custom(name: str) -> ModelBuilder:
    b = ModelBuilder()
    x, y = b.input((1, 4), scale=0.1), b.tensor((1, 4), scale=0.1)
    b.op(f"CUSTOM:{name}", [x], [y])
    b.output(y)
    return b


def control() -> ModelBuilder:
    b = ModelBuilder()
    x, y = b.input((1, 4), scale=0.1), b.tensor((1, 4), scale=0.1)
    b.others.append(ModelBuilder("body"))
    b.op("WHILE", [x], [y], cond_subgraph_index=1, body_subgraph_index=1)
    b.output(y)
    return b


def edge(dtype: str, *, output: bool = False) -> ModelBuilder:
    b = ModelBuilder()
    x, y = b.input((1, 4), scale=0.1), b.tensor((1, 4), scale=0.1)
    b.input((1, 4), dtype, name="unused")
    b.op("RELU", [x], [y])
    b.output(y)
    return b


FIRST_LINES = [
    (dense("FLOAT32", "INT8"), "dynamic-range .hybrid. model.*representative_dataset"),
    (dense("FLOAT32", "FLOAT16", through="DEQUANTIZE"), "float16 weights.*leave out"),
    (dense("UINT8", "UINT8"), "a uint8 model.*Convert the trained model again"),
    (elementwise("INT16"), "int16 activations, of which L2_NORMALIZATION is refused"),
    (custom("ethos-u"), "compiled by Vela for an Arm Ethos-U.*give the .tflite file that Vela was given"),
    (custom("edgetpu-custom-op"), "compiled for the Google Edge TPU"),
    (custom("FlexErf"), "operators of TensorFlow itself .Erf."),
    (custom("MyOwn"), "an operator that is not available here .MyOwn."),
    (custom("SignalRfft"), "audio features with TFLM's signal operators .SignalRfft."),
    (control(), "control flow .WHILE."),
    (edge("UINT32"), "inputs or outputs of type UINT32"),
    (edge("FLOAT16"), "inputs or outputs of type FLOAT16"),
    (edge("STRING"), "reads or writes text"),
]


@pytest.mark.parametrize("model, sentence", FIRST_LINES, ids=[s[:30] for _, s in FIRST_LINES])
def test_first_line(model: ModelBuilder, sentence: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        api.load_graph(model.finish())
    first = str(caught.value).splitlines()[0]
    assert first.startswith("model: ")
    import re

    assert re.search(sentence, first), first


def test_absent_operators_of_tflm_come_with_advice() -> None:
    with pytest.raises(UnsupportedError, match="TFLM's signal library"):
        api.load_graph(custom("SignalRfft").finish())


def test_float_layers_are_computed() -> None:
    """float32 weights, also int8 ones behind a DEQUANTIZE, and beside int8 layers."""
    for model in (dense("FLOAT32", "FLOAT32"), dense("FLOAT32", "INT8", through="DEQUANTIZE"), dense("INT8", "INT8")):
        x, y = model.input((1, 4), "FLOAT32"), model.tensor((1, 3), "FLOAT32")
        model.op("FULLY_CONNECTED", [x, model.const(np.ones((3, 4), np.float32)), None], [y])
        model.output(y)
        assert len(api.load_graph(model.finish()).ops) == 2


def many_convolutions(count: int) -> bytes:
    b = ModelBuilder()
    x = b.input((1, 4), "FLOAT32")
    for k in range(count):
        y = b.tensor((1, 4), "FLOAT32", name=f"model/block_{k}/" + "Conv2D;BatchNorm;" * 30)
        b.op("FULLY_CONNECTED", [x, b.const(np.ones((4, 4), np.int8), scale=0.1), None], [y])
        x = y
    b.output(x)
    return b.finish()


def test_long_lists_are_summarised() -> None:
    with pytest.raises(UnsupportedError) as caught:
        api.load_graph(many_convolutions(40))
    text = str(caught.value)
    assert "40 of 40 operators are refused" in text and "40 x FULLY_CONNECTED: accepted only if" in text
    assert "and 35 more" in text and len(text) < 4000
    assert len(caught.value.problems) == 40


def test_causes_stand_before_what_follows_from_them() -> None:
    """An unknown operator computes a shape; the RESHAPE that needs it fails only because of that."""
    b = ModelBuilder()
    x, shape = b.input((1, 8), scale=0.1, signature=(-1, 8)), b.tensor((2,), "INT32")
    y = b.tensor((1, 1), scale=0.1, signature=(-1, -1))
    b.op("CUSTOM:Shape", [x], [shape])
    b.op("RESHAPE", [x, shape], [y])
    b.output(y)
    with pytest.raises(UnsupportedError) as caught:
        api.load_graph(b.finish())
    assert "CUSTOM:Shape" in caught.value.problems[0] and "1 x more that may follow" in str(caught.value)


def test_depth_multiplier_against_shapes() -> None:
    """TFLM reads where the option says, whatever the shapes are."""
    b = ModelBuilder()
    x, y = b.input((1, 4, 4, 2), scale=0.1), b.tensor((1, 4, 4, 2), scale=0.1)
    w = b.const(np.ones((1, 1, 1, 2), np.int8), scale=0.1)
    b.op("DEPTHWISE_CONV_2D", [x, w, None], [y], padding="SAME", stride_w=1, stride_h=1, depth_multiplier=8)
    b.output(y)
    with pytest.raises(ModelError, match="depth_multiplier is 8, but 2 channels become 2"):
        api.load_graph(b.finish())


@pytest.mark.parametrize("opcode", ["CONV_2D", "AVERAGE_POOL_2D", "RELU6"])
def test_activations_beyond_32_bits(opcode: str) -> None:
    """6 / scale leaves int32, where TFLM is undefined."""
    b = ModelBuilder()
    x, y = b.input((1, 4, 4, 2), scale=1e-10), b.tensor((1, 4, 4, 2), scale=1e-10)
    window = dict(padding="SAME", stride_w=1, stride_h=1, fused_activation_function="RELU6")
    if opcode == "CONV_2D":
        b.op(opcode, [x, b.const(np.ones((2, 1, 1, 2), np.int8), scale=0.1), None], [y], **window)
    elif opcode == "RELU6":
        b.op(opcode, [x], [y])
    else:
        b.op(opcode, [x], [y], filter_width=1, filter_height=1, **window)
    b.output(y)
    with pytest.raises(UnsupportedError, match="stays below 2.31"):
        api.load_graph(b.finish())


def test_missing_inputs_are_a_sentence() -> None:
    b = ModelBuilder()
    x, y = b.input((1, 4), scale=0.1), b.tensor((1, 4), scale=0.1)
    b.op("ADD", [x], [y])
    b.output(y)
    with pytest.raises(UnsupportedError, match="ADD 't1': accepted only if it has its first 2 inputs .found 1"):
        api.load_graph(b.finish())


@pytest.mark.parametrize("error", [KeyError("axis"), IndexError(), AttributeError("x"), TypeError()])
def test_a_parsers_own_fault_is_ours(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(reshape.Reshape, "check", broken)
    b = ModelBuilder()
    x, y = b.input((1, 4), scale=0.1), b.tensor((4,), scale=0.1)
    b.op("RESHAPE", [x, None], [y], new_shape=[4])
    b.output(y)
    with pytest.raises(InternalError, match=f"operator 0 RESHAPE: its parser failed on .*{type(error).__name__}"):
        api.load_graph(b.finish())


def test_outputs_that_nothing_computes_are_a_sentence() -> None:
    b = ModelBuilder()
    x, y, more = b.input((1, 4), scale=0.1), b.tensor((1, 4), scale=0.1), b.tensor((1, 4), scale=0.1)
    b.op("RELU", [x], [y, more])
    b.output(y, more)
    with pytest.raises(UnsupportedError, match="no outputs beyond those that it computes .found 2"):
        api.load_graph(b.finish())
