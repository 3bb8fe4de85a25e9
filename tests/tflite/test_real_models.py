"""Real models: what the reader says about them, against figures known from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinyengine_tf.ir import DType
from tinyengine_tf.tflite import RawModel, read

# (tensors, operators) as Netron shows them.
SIZES = {
    "hello_world_int8": (10, 3),
    "mcunet_vww": (163, 63),
    "mcunetv2_large": (380, 163),
    "mlperf_ad": (31, 10),
    "mlperf_ic": (38, 16),
    "mlperf_kws": (35, 13),
    "mlperf_vww": (89, 31),
    "mnist_lstm_int8": (27, 4),
    "person_detect": (89, 31),
}


def load(shared_dir: Path, name: str) -> RawModel:
    return read((shared_dir / "models" / f"{name}.tflite").read_bytes(), name)


@pytest.mark.parametrize("name", SIZES)
def test_reads(shared_dir: Path, name: str) -> None:
    model = load(shared_dir, name)
    assert (len(model.tensors), len(model.ops)) == SIZES[name]
    assert not model.others and model.version == 3
    for tensor in model.tensors:
        if tensor.data is not None:
            assert tensor.dtype is not None
            assert tensor.data.shape == tensor.shape and tensor.data.dtype == tensor.dtype.numpy


def test_person_detect_axis_beyond_rank(shared_dir: Path) -> None:
    """Fourteen rank-1 biases name dimension 3; the scales can only run along dimension 0."""
    model = load(shared_dir, "person_detect")
    biases = [t for t in model.tensors if len(t.shape) == 1 and t.quant and t.quant.per_channel]
    assert len(biases) >= 14
    assert all(t.quant and t.quant.axis == 0 and len(t.quant.scales) == t.shape[0] for t in biases)
    stem = next(t for t in model.tensors if t.name == "MobilenetV1/Conv2d_0/weights/read")
    assert stem.dtype is DType.INT8 and stem.shape == (1, 3, 3, 8) and stem.quant and stem.quant.axis == 3


def test_options_of_a_real_convolution(shared_dir: Path) -> None:
    first = load(shared_dir, "person_detect").ops[0]
    assert first.opcode == "DEPTHWISE_CONV_2D"
    assert first.options == {
        "padding": "SAME",
        "stride_w": 2,
        "stride_h": 2,
        "depth_multiplier": 8,
        "fused_activation_function": "RELU6",
        "dilation_w_factor": 1,
        "dilation_h_factor": 1,
    }


def test_absent_optional_inputs(shared_dir: Path) -> None:
    lstm = load(shared_dir, "mnist_lstm_int8").ops[0]
    assert lstm.opcode == "UNIDIRECTIONAL_SEQUENCE_LSTM"
    assert lstm.inputs.count(-1) == 9 and len(lstm.inputs) == 24
