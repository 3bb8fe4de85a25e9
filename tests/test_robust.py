"""Damaged files through the whole chain: converted, or refused with an error that says so; never a traceback."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

import tinyengine_tf
from tests.codegen.models import small_cnn
from tests.modelgen.mutate import mutate
from tinyengine_tf.errors import InternalError, TinyEngineError

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
