"""Damaged files through the whole chain: converted, or refused with an error that says so; never a traceback."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from functools import cache

import pytest

import tinyengine_tf
from tests.codegen.models import small_cnn
from tests.exact import assert_exact, random_samples
from tests.graphs.draw import random_graph
from tests.modelgen.mutate import mutate, mutate_tables, tables
from tests.modelgen.perturb import perturb
from tests.modelgen.samples import BUILDERS, build_convolution, build_many_operators, samples
from tinyengine_tf import api
from tinyengine_tf.errors import InternalError, ModelError, TinyEngineError, ToolchainError, UnsupportedError
from tinyengine_tf.lab import reference
from tinyengine_tf.tflite import read

EFFORT = int(os.environ.get("TINYENGINE_FUZZ", "1"))
ROUNDS = EFFORT * 300
SEEDS = range(50 if EFFORT > 1 else 2)
DAMAGED = 1000 if EFFORT > 1 else 250  # per seed: 50,000 in `make nightly`, 500 in `make test`


@cache
def sound_models() -> tuple[bytes, ...]:
    networks = (small_cnn(seed, float_edges=seed == 1) for seed in range(3))
    return (*samples(), *networks, *(random_graph(random.Random(seed)) for seed in range(40 if EFFORT > 1 else 8)))


def verdict(data: bytes) -> str:
    """What becomes of a file in the whole chain: "converted", or the kind of error; ours, and traces, fail the test."""
    begin = time.monotonic()
    try:
        bundle = tinyengine_tf.convert(data).bundle
    except InternalError:
        raise
    except TinyEngineError as error:
        assert error.message and "Traceback" not in str(error)
        return type(error).__name__
    finally:
        assert time.monotonic() - begin < 60
    assert "include/net.h" in bundle
    return "converted"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("damage", ["bytes", "tables"])
def test_damaged_files(seed: int, damage: str) -> None:
    rng = random.Random(f"{damage} {seed}")
    verdicts = Counter[str]()
    for number in range(DAMAGED // 2):
        base = rng.choice(sound_models())
        data = mutate(base, rng, rng.choice(sound_models())) if damage == "bytes" else mutate_tables(base, rng)
        try:
            verdicts[verdict(data)] += 1
        except Exception as error:
            raise AssertionError(f"file {number} of seed {seed}, {damage}: {type(error).__name__} {error}") from error
    assert {"converted", "ModelError", "UnsupportedError"} <= set(verdicts), "damage too weak or too strong"


def test_damage_of_tables_finds_the_tables() -> None:
    """At least the model, its tensors, operators and their options."""
    for data in sound_models():
        model = read(data, "sound")
        assert len(tables(data)) >= 2 + len(model.tensors) + 2 * len(model.ops)


@pytest.mark.parametrize("seed", range(2))
def test_perturbed_models(seed: int) -> None:
    """Well-formed files of odd content: accepted or refused, each verdict often enough to mean something."""
    accepted = 0
    for number in range(ROUNDS):
        rng = random.Random(1000 * seed + number)
        data = perturb(rng.choice(BUILDERS)(), rng)
        try:
            tinyengine_tf.convert(data)
        except (ModelError, UnsupportedError):
            continue
        except Exception as error:
            raise AssertionError(f"model {number} of seed {seed}") from error
        accepted += 1
    assert ROUNDS / 20 < accepted < ROUNDS / 2


@pytest.mark.nightly  # TFLM's checks end the process, so each model gets one of its own: a second or more
def test_perturbed_models_that_are_accepted_are_exact() -> None:
    """What is converted in spite of odd content equals TFLM, unless TFLM refuses it."""
    pytest.importorskip("tflite_micro", reason="TFLM's interpreter is absent: pip install tflite-micro")
    compared = number = 0
    while compared < ROUNDS // 25:
        number += 1
        rng = random.Random(number)
        data = perturb(rng.choice((build_convolution, build_many_operators))(), rng)
        try:
            samples = random_samples(api.load_graph(data), 1)
            reference.run(data, samples, isolated=True, timeout_s=60)
        except (ModelError, UnsupportedError, ToolchainError):
            continue
        assert_exact(data, samples)
        compared += 1
