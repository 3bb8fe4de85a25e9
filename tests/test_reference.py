"""TFLM as reference: outputs, layers, memory, and its failures."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from tests.modelgen.builder import ModelBuilder
from tinyengine_tf.errors import ToolchainError, UsageError
from tinyengine_tf.lab import reference

pytest.importorskip("tflite_micro", reason="tflite_micro is absent: pip install '.[compare]' in tinyengine_tf's folder")


def add_then_reshape(size: int = 12) -> tuple[bytes, int, int]:
    """y = reshape(a + b) with all scales 1, and the tensor indices of the sum and of y."""
    b = ModelBuilder("tiny")
    left, right = b.input((1, size), scale=1.0, zero_point=0), b.input((1, size), scale=1.0, zero_point=0)
    total, out = b.tensor((1, size), scale=1.0, zero_point=0), b.tensor((size // 4, 4), scale=1.0, zero_point=0)
    b.op("ADD", [left, right], [total], fused_activation_function="NONE")
    b.op("RESHAPE", [total, b.const(np.array([size // 4, 4], np.int32))], [out])
    b.output(out)
    return b.finish(), total, out


def samples(count: int, size: int = 12) -> list[list[np.ndarray]]:
    return [
        [np.random.default_rng((seed, i)).integers(-50, 50, (1, size)).astype(np.int8) for i in range(2)]
        for seed in range(count)
    ]


@pytest.mark.parametrize("isolated", [False, True])
def test_outputs_and_layers(isolated: bool) -> None:
    model, total, out = add_then_reshape()
    inputs = samples(3)
    outputs = reference.run(model, inputs, isolated=isolated)
    layers = reference.run_layers(model, inputs, isolated=isolated)
    for (left, right), (y,), tensors in zip(inputs, outputs, layers, strict=True):
        assert y.dtype == np.int8 and y.shape == (3, 4)
        assert np.array_equal(y.ravel(), (left + right).ravel())
        assert (
            sorted(tensors) == [total, out]
            and np.array_equal(tensors[out], y)
            and np.array_equal(tensors[total], left + right)
        )


def test_inputs_may_be_bytes_or_flat() -> None:
    model, _, _ = add_then_reshape()
    ((left, right),) = samples(1)
    expected = reference.run(model, [[left, right]])[0][0]
    assert np.array_equal(reference.run(model, [[left.tobytes(), right.ravel().view(np.uint8)]])[0][0], expected)


@pytest.mark.parametrize("isolated", [False, True])
def test_wrong_inputs(isolated: bool) -> None:
    model, _, _ = add_then_reshape()
    ((left, right),) = samples(1)
    for inputs, message in [
        ([left], "list of 2 arrays"),
        ([left, right[:, :3]], r"input 1 has 3 bytes, the model takes 12: int8 \(1, 12\)"),
    ]:
        with pytest.raises(UsageError, match=message):
            reference.run(model, [inputs], isolated=isolated)
    with pytest.raises(UsageError, match="list of 2 arrays"):
        reference.run(model, [left], isolated=isolated)


def test_arena_grows_until_it_suffices() -> None:
    size = 2 * reference.FIRST_ARENA_BYTES
    model, _, _ = add_then_reshape(size)
    inputs = samples(1, size)
    assert np.array_equal(reference.run(model, inputs)[0][0].ravel(), (inputs[0][0] + inputs[0][1]).ravel())
    assert reference.smallest_arena_bytes(model) > size


def test_memory() -> None:
    model, _, _ = add_then_reshape()
    account = reference.allocations(model)
    assert account.total_bytes == account.head_bytes + account.tail_bytes
    assert 0 < account.parts["TfLiteEvalTensor data"] <= account.tail_bytes
    smallest = reference.smallest_arena_bytes(model)
    assert smallest % reference.ARENA_STEP_BYTES == 0 and account.total_bytes <= smallest < account.total_bytes + 1000
    assert reference._try_arena(model, smallest, False)[0] is not None
    assert reference._try_arena(model, smallest - reference.ARENA_STEP_BYTES, False)[0] is None


@pytest.mark.parametrize("isolated", [False, True])
@pytest.mark.parametrize(
    ("opcode", "message"), [("POW", "refused the model: .*POW"), ("COS", "(?s)could not run the model: .*COS")]
)
def test_refused_model_tells_why(opcode: str, message: str, isolated: bool, capfd: pytest.CaptureFixture[str]) -> None:
    b = ModelBuilder("odd")
    x, y = b.input((1, 4), scale=1.0, zero_point=0), b.tensor((1, 4), scale=1.0, zero_point=0)
    b.op(opcode, [x], [y])
    b.output(y)
    with pytest.raises(ToolchainError, match=message):
        reference.run(b.finish(), [[np.zeros(4, np.int8)]], isolated=isolated)
    assert capfd.readouterr() == ("", "")


def test_crash_does_not_reach_us() -> None:
    with pytest.raises(ToolchainError):
        reference.run(b"\x10\x00\x00\x00TFL3" + bytes(range(200)), [], isolated=True)


def test_time_limit() -> None:
    model, _, _ = add_then_reshape()
    with pytest.raises(ToolchainError, match="no result after 0.01 s"):
        reference.run(model, samples(1), isolated=True, timeout_s=0.01)


def test_absent_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tflite_micro", None)
    with pytest.raises(ToolchainError, match=r"pip install .*\[compare\]"):
        reference.run(add_then_reshape()[0], [])


@pytest.mark.parametrize("name", ["hello_world_int8", "mlperf_kws", "person_detect", "mnist_lstm_int8"])
def test_real_models(name: str, shared_dir: Path) -> None:
    model = (shared_dir / "models" / f"{name}.tflite").read_bytes()
    account = reference.allocations(model)
    assert account.total_bytes <= reference.smallest_arena_bytes(model)
