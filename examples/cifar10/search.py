"""Search a CIFAR-10 network under the limits of one of two recipes.

    python examples/cifar10/search.py --data ../shared/data/cifar10.npz --recipe resnet8 --out runs/cifar10_resnet8

    resnet8   no more RAM and flash than MLPerf Tiny's ResNet-8 in this engine, 0.7 times its instructions
    tiny      16 KB of RAM, 32 KB of weights

Everything is chosen on the validation part; the official test images are not looked at. A run that is
stopped goes on where it was. The network takes int8 pixels, q = pixel - 128.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from absl import app, flags

from nas_keras import SearchBudget, search_for_mcu
from nas_keras.data import Augment, shift_images
from nas_keras.space.space import Grid, grid_for

_DATA = flags.DEFINE_string("data", None, "cifar10.npz: x_train, y_train, x_val, y_val", required=True)
_OUT = flags.DEFINE_string("out", None, "folder of the run", required=True)
_RECIPE = flags.DEFINE_enum("recipe", "resnet8", ["resnet8", "tiny"], "which limits")
_SEED = flags.DEFINE_integer("seed", 0, "seed of every random choice")
_SCALE = flags.DEFINE_float("scale", 1.0, "factor on all epochs and evaluations, for a shorter run")


@dataclass(frozen=True)
class Recipe:
    """Limits in bytes and instructions on a Cortex-M4, and the widths worth sampling under them."""

    sram: int
    flash: int
    max_instructions: int | None
    widths: tuple[float, ...]


RECIPES: Mapping[str, Recipe] = {
    "resnet8": Recipe(17_088, 81_060, 8_400_000, (0.2, 0.3, 0.4, 0.5, 0.6)),
    "tiny": Recipe(16 * 1024, 32 * 1024, None, (0.2, 0.3, 0.4)),
}
BUDGET = SearchBudget(
    samples=200,
    supernet_epochs=25,
    networks=3,
    evaluations=600,
    population=60,
    parents=15,
    search_examples=2500,
    finetune_epochs=160,
    qat_epochs=12,
    batch=128,
    learning_rate=0.2,
    distillation=0.5,
)


def grid(recipe: Recipe) -> Grid:
    """The small-image layout, with expansions down to 2 and kernels up to 5: a 7x7 kernel does not pay at 32 pixels."""
    small = grid_for((32, 32, 3), 10)
    layout = replace(small.layout, kernels=(3, 5), expansions=(2, 3, 4, 6))
    return Grid(layout, recipe.widths, ((24, 24), (28, 28), (32, 32)))


def augment() -> Augment:
    """Shifts by four pixels, mirroring, and a square of up to eight pixels blanked."""
    shift = shift_images(4, flip=True)

    def blank(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        x = shift(x, rng).copy()
        count, rows, columns, _ = x.shape
        centre = rng.integers((rows, columns), size=(count, 2))
        half = rng.integers(5, size=(count, 1))
        inside = [np.abs(np.arange(n) - centre[:, i, None]) < half for i, n in enumerate((rows, columns))]
        x[inside[0][:, :, None] & inside[1][:, None, :]] = 128
        return x

    return blank


def shortened(budget: SearchBudget, scale: float) -> SearchBudget:
    """The budget with its epochs and evaluations scaled, at least one of each."""
    names = ("supernet_epochs", "evaluations", "finetune_epochs", "qat_epochs")
    return replace(budget, **{name: max(1, round(getattr(budget, name) * scale)) for name in names})


def main(argv: list[str]) -> None:
    del argv
    recipe = RECIPES[_RECIPE.value]
    with np.load(_DATA.value) as file:
        train, val = ((file[f"x_{part}"], file[f"y_{part}"]) for part in ("train", "val"))
    result = search_for_mcu(
        train,
        val,
        "cortex-m4",
        sram=recipe.sram,
        flash=recipe.flash,
        max_instructions=recipe.max_instructions,
        budget=shortened(BUDGET, _SCALE.value),
        seed=_SEED.value,
        workdir=_OUT.value,
        grid=grid(recipe),
        augment=augment(),
    )
    result.convert(result.workdir / "c", name="cifar10")


if __name__ == "__main__":
    app.run(main)
