"""Small data and networks on which training takes seconds."""

from __future__ import annotations

import os

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from nas_keras.data import Data
from nas_keras.families.mbconv.arch import Arch, Block, Stem
from nas_keras.families.mbconv.space import Layout, Space, Stage
from nas_keras.loading import load


@pytest.fixture(scope="session")
def stripes() -> tuple[Data, Data]:
    """Four classes of 12x12 uint8 images, bright stripes of four directions in noise: learnt within an epoch or two."""
    rng = np.random.default_rng(0)
    y = rng.integers(4, size=640)
    phase = rng.integers(4, size=640)
    rows, columns = np.mgrid[:12, :12]
    along = np.stack([rows, columns, rows + columns, rows - columns])[y]
    bright = (along + phase[:, None, None]) % 4 < 2
    x = np.clip(90 + 70 * bright + rng.normal(0, 25, bright.shape), 0, 255).astype(np.uint8)[..., None]
    return load((x[:512], y[:512]), where="train"), load((x[512:], y[512:]), where="val")


@pytest.fixture(scope="session")
def tiny_arch() -> Arch:
    """Stem, a block without expansion, a striding block and a residual one: every construct, 12x12 input."""
    stages = ((Block(8, (3, 3), 1, 8),), (Block(24, (5, 5), 2, 16), Block(32, (3, 3), 1, 16)))
    return Arch((12, 12, 1), Stem((3, 3), (1, 1), 8), stages, 4)


@pytest.fixture(scope="session")
def tiny_space() -> Space:
    """128 networks over 12x12 images, every knob elastic."""
    layout = Layout(
        1,
        4,
        stem_width=8,
        stem_stride=(1, 1),
        first_width=4,
        stages=(Stage(8, 2, (1, 2)), Stage(16, 2, (1,))),
        kernels=(3, 5),
        expansions=(2, 4),
        divisor=4,
    )
    return layout.space(1.0, (12, 12))
