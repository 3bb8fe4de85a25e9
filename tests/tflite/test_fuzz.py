"""Damaged files: each gives a RawModel that keeps its promises, or a ModelError; never anything else.

TINYENGINE_FUZZ multiplies the number of damaged files (`make nightly` sets it).
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.modelgen.mutate import mutate
from tests.modelgen.samples import samples
from tinyengine_tf.errors import ModelError
from tinyengine_tf.tflite import RawModel, read

EFFORT = int(os.environ.get("TINYENGINE_FUZZ", "1"))


def survives(data: bytes) -> bool:
    """True when the file was accepted. Any exception but ModelError fails the test."""
    try:
        model = read(data, "damaged")
    except ModelError as error:
        assert error.where.startswith("damaged") and error.message
        return False
    keeps_promises(model)
    return True


def keeps_promises(model: RawModel) -> None:
    """What later stages rely on."""
    count = len(model.tensors)
    for tensor in model.tensors:
        assert all(n >= 0 for n in tensor.shape)
        assert tensor.data is None or (tensor.dtype is not None and tensor.data.shape == tensor.shape)
        assert tensor.data is None or tensor.data.dtype == tensor.dtype.numpy
        if tensor.quant is not None:
            scales, zero_points = tensor.quant.scales, tensor.quant.zero_points
            assert len(scales) == len(zero_points) >= 1
            assert all(0 <= s < float("inf") for s in scales) and any(scales)
            assert len(scales) == 1 or tensor.shape[tensor.quant.axis] == len(scales)
    for op in model.ops:
        assert all(-1 <= i < count for i in op.inputs) and all(0 <= i < count for i in op.outputs)
    assert all(0 <= i < count for i in model.inputs + model.outputs)


@pytest.mark.parametrize("index", range(len(samples())))
def test_every_truncation(index: int) -> None:
    """A file whose end is missing is refused; only padding behind the last byte that is read may be cut."""
    data = samples()[index]
    assert survives(data)
    assert not any(survives(data[:length]) for length in range(0, len(data) - 32, 1 if EFFORT > 1 else 3))


@pytest.mark.parametrize("index", range(len(samples())))
@pytest.mark.parametrize("value", [0x00, 0x01, 0x7F, 0x80, 0xFF])
def test_every_byte(index: int, value: int) -> None:
    """Each byte in turn takes a value at the edge of its range."""
    data = samples()[index]
    for at in range(random.Random(value).randrange(4), len(data), 1 if EFFORT > 1 else 4):
        survives(data[:at] + bytes([value]) + data[at + 1 :])


@pytest.mark.parametrize("seed", range(8))
def test_random_damage(seed: int) -> None:
    rng = random.Random(seed)
    verdicts = {survives(mutate(rng.choice(samples()), rng, rng.choice(samples()))) for _ in range(400 * EFFORT)}
    assert verdicts == {True, False}, "the damage is too weak or too strong to say anything"


def test_random_damage_of_real_models(shared_dir: Path) -> None:
    rng = random.Random(0)
    files = [path.read_bytes() for path in sorted((shared_dir / "models").glob("*.tflite"))]
    small = [data for data in files if len(data) < 120_000]
    for _ in range(300 * EFFORT):
        survives(mutate(rng.choice(small), rng, rng.choice(small)))


@settings(max_examples=150 * EFFORT, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(samples()) - 1), st.randoms(use_true_random=False), st.binary(max_size=64), st.floats(0, 1))
def test_hypothesis_damage(index: int, rng: random.Random, noise: bytes, place: float) -> None:
    data = samples()[index]
    at = int(place * len(data))
    survives(data[:at] + noise + data[at + len(noise) :])
    survives(mutate(data, rng))


@settings(max_examples=200 * EFFORT, deadline=None)
@given(st.binary(max_size=400))
def test_noise_behind_a_valid_header(noise: bytes) -> None:
    survives(b"\x08\x00\x00\x00TFL3" + noise)
