"""Damaged files through the whole chain: converted, or refused with an error that says so; never a traceback."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

import tinyengine_tf
from tests.codegen.models import small_cnn
from tests.exact import assert_exact, random_samples
from tests.modelgen.mutate import mutate
from tests.modelgen.perturb import perturb
from tests.modelgen.samples import BUILDERS, build_convolution, build_many_operators
from tinyengine_tf import api, reference
from tinyengine_tf.errors import InternalError, ModelError, TinyEngineError, ToolchainError, UnsupportedError

ROUNDS = int(os.environ.get("TINYENGINE_FUZZ", "1")) * 300


@pytest.mark.parametrize("seed", range(2))
def test_damaged_files(seed: int, tmp_path: Path) -> None:
    base, rng = small_cnn(seed, float_edges=seed == 1), random.Random(seed)
    refused = 0
    for number in range(ROUNDS):
        data = mutate(base, rng, small_cnn(5))
        out, begin = tmp_path / "out", time.monotonic()
        try:
            tinyengine_tf.convert(data, out)
        except InternalError as error:
            raise AssertionError(f"round {number} of seed {seed}: {error}") from error
        except TinyEngineError:
            refused += 1
            assert not out.exists()
        else:
            assert (out / "include" / "net.h").is_file()
            for path in sorted(out.rglob("*"), reverse=True):
                path.unlink() if path.is_file() else path.rmdir()
            out.rmdir()
        assert time.monotonic() - begin < 30
        assert not list(tmp_path.iterdir())
    assert 0 < refused < ROUNDS


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
