"""Built files run in TFLM's own interpreter and compute what numpy says."""

from __future__ import annotations

import numpy as np
import pytest

from tests.modelgen import ModelBuilder
from tests.modelgen.builder import pack_int4

tflite_micro = pytest.importorskip("tflite_micro", reason="TFLM's interpreter is absent: pip install tflite-micro")


def run(data: bytes, *inputs: np.ndarray) -> list[np.ndarray]:
    interpreter = tflite_micro.runtime.Interpreter.from_bytes(data, arena_size=1 << 18)
    for index, value in enumerate(inputs):
        interpreter.set_input(value, index)
    interpreter.invoke()
    return [interpreter.get_output(index) for index in range(outputs_of(data))]


def outputs_of(data: bytes) -> int:
    import tflite

    return tflite.Model.GetRootAs(data).Subgraphs(0).OutputsLength()


def test_convolution_per_channel() -> None:
    b = ModelBuilder()
    x = b.input((1, 4, 4, 1), scale=0.5, zero_point=-3)
    w = b.const(np.full((2, 3, 3, 1), 1, np.int8), scales=[1.0, 2.0], axis=0)
    c = b.const(np.array([4, -4], np.int32), scales=[0.5, 1.0])
    y = b.tensor((1, 2, 2, 2), scale=1.0, zero_point=5)
    b.op("CONV_2D", [x, w, c], [y], padding="VALID", stride_w=1, stride_h=1, fused_activation_function="RELU6")
    b.output(y)
    # 9 taps of (1 - -3) * 0.5 = 18; channel 0: 18 + 4 * 0.5 = 20; channel 1: 36 - 4 = 32; both clamped to 6 + 5.
    assert run(b.finish(), np.ones((1, 4, 4, 1), np.int8))[0].tolist() == np.full((1, 2, 2, 2), 11).tolist()


def test_two_inputs_two_outputs_float_edges() -> None:
    b = ModelBuilder()
    x = b.input((1, 4), "FLOAT32")
    z = b.input((1, 4), scale=0.5, zero_point=0)
    q = b.tensor((1, 4), scale=0.5, zero_point=0)
    s = b.tensor((1, 4), scale=1.0, zero_point=-10)
    f = b.tensor((1, 4), "FLOAT32")
    b.op("QUANTIZE", [x], [q])
    b.op("ADD", [q, z], [s], fused_activation_function="NONE", version=2)
    b.op("DEQUANTIZE", [s], [f], version=2)
    b.output(f, s)
    real, raw = run(b.finish(), np.array([[1, 2, -3, 4]], np.float32), np.full((1, 4), 6, np.int8))
    assert real.tolist() == [[4, 5, 0, 7]]
    assert raw.tolist() == [[-6, -5, -10, -3]]


def test_int4_weights() -> None:
    b = ModelBuilder()
    x = b.input((1, 3), scale=1.0)
    w = b.const(np.array([[1, -8, 7]]), dtype="INT4", scale=1.0)
    y = b.tensor((1, 1), scale=1.0)
    b.op("FULLY_CONNECTED", [x, w, None], [y], keep_num_dims=False, version=4)
    b.output(y)
    assert run(b.finish(), np.array([[2, 3, 4]], np.int8))[0].tolist() == [[2 - 24 + 28]]


@pytest.mark.parametrize("dtype", ["INT8", "INT16", "FLOAT32"])
def test_vector_options_and_int32_constants(dtype: str) -> None:
    b = ModelBuilder()
    quantised = {} if dtype == "FLOAT32" else {"scale": 1.0}
    x = b.input((2, 3), dtype, **quantised)
    y = b.tensor((3, 2), dtype, **quantised)
    b.op("RESHAPE", [x, b.const(np.array([3, 2], np.int32))], [y], new_shape=[3, 2])
    b.output(y)
    values = np.arange(6).reshape(2, 3).astype(dtype.lower())
    assert run(b.finish(), values)[0].tolist() == values.reshape(3, 2).tolist()


def test_operator_code_above_127() -> None:
    """BROADCAST_ARGS is 145: its code does not fit the schema's old one-byte field."""
    b = ModelBuilder()
    x = b.input((2,), "INT32")
    y = b.tensor((2,), "INT32")
    b.op("BROADCAST_ARGS", [x, b.const(np.array([1, 4], np.int32))], [y])
    b.output(y)
    assert run(b.finish(), np.array([3, 1], np.int32))[0].tolist() == [3, 4]


def test_pack_int4_fills_the_last_byte() -> None:
    assert pack_int4(np.array([1, -1, 7])) == bytes([0xF1, 0x07])


def test_unknown_names_are_refused() -> None:
    b = ModelBuilder()
    x = b.input((1,), scale=1.0)
    b.op("SOFTMAX", [x], [x], betta=1.0)
    with pytest.raises(AssertionError, match="no field 'betta'"):
        b.finish()
