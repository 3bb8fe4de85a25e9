"""Search a spoken-digit network: 16 KB of RAM, 64 KB of flash in all, on log-mel features.

    python examples/spoken_digits/search.py --data ../shared/data/fsdd.npz --out runs/spoken_digits

Everything is chosen on the validation recordings. A run that is stopped goes on where it was.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from absl import app, flags
from features import BANDS, FRAMES, log_mel

from nas_keras import SearchBudget, search_for_mcu
from nas_keras.families.mbconv.space import Grid, grid_for

_DATA = flags.DEFINE_string("data", None, "fsdd.npz: x_train, y_train, x_val, y_val", required=True)
_OUT = flags.DEFINE_string("out", None, "folder of the run", required=True)
_SEED = flags.DEFINE_integer("seed", 0, "seed of every random choice")

SRAM, FLASH = 12 * 1024, 36 * 1024
"""What is left of 16 KB and 64 KB for the network: stack, feature extraction and code need the rest."""
BUDGET = SearchBudget(
    samples=200,
    supernet_epochs=30,
    networks=3,
    evaluations=300,
    population=40,
    parents=10,
    search_examples=300,
    finetune_epochs=150,
    qat_epochs=20,
    batch=64,
)


def vary(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Louder or softer, earlier or later, with a band of frames and one of frequencies silenced."""
    x = x + rng.normal(0, 0.7, (len(x), 1, 1, 1)).astype(np.float32)
    quiet = x.min(axis=(1, 2, 3))
    for one, low, shift in zip(x, quiet, rng.integers(-6, 7, len(x)), strict=True):
        one[:] = np.roll(one, shift, axis=0)
        one[: shift if shift > 0 else 0] = low
        one[FRAMES + shift if shift < 0 else FRAMES :] = low
        first, band = rng.integers(FRAMES - 6), rng.integers(BANDS - 3)
        one[first : first + rng.integers(7)] = low
        one[:, band : band + rng.integers(4)] = low
    return x


def main(argv: list[str]) -> None:
    del argv
    with np.load(_DATA.value) as file:
        train, val = ((log_mel(file[f"x_{part}"]), file[f"y_{part}"]) for part in ("train", "val"))
    layout = replace(grid_for((FRAMES, BANDS, 1), 10).layout, kernels=(3, 5))
    result = search_for_mcu(
        train,
        val,
        "cortex-m4",
        sram=SRAM,
        flash=FLASH,
        budget=BUDGET,
        seed=_SEED.value,
        workdir=_OUT.value,
        grid=Grid(layout, (0.2, 0.3, 0.4, 0.5), ((FRAMES, BANDS),)),
        augment=vary,
    )
    result.convert(result.workdir / "c", name="digits")


if __name__ == "__main__":
    app.run(main)
