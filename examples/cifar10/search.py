"""Search a CIFAR-10 network under the limits of one of two recipes.

    PYTHONPATH=. python examples/cifar10/search.py \\
        --data ../shared/data/cifar10.npz --recipe resnet8 --out runs/cifar10_resnet8

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
from nas_keras.data import shift_images
from nas_keras.families.mbconv.space import Grid, Layout, Stage

_DATA = flags.DEFINE_string("data", None, "cifar10.npz: x_train, y_train, x_val, y_val", required=True)
_OUT = flags.DEFINE_string("out", None, "folder of the run", required=True)
_RECIPE = flags.DEFINE_enum("recipe", "resnet8", ["resnet8", "tiny"], "which limits")
_SEED = flags.DEFINE_integer("seed", 0, "seed of every random choice")
_SCALE = flags.DEFINE_float("scale", 1.0, "factor on all epochs and evaluations, for a shorter run")


@dataclass(frozen=True)
class Recipe:
    """Limits in bytes and instructions on a Cortex-M4, the widths worth sampling under them, and the work to spend."""

    sram: int
    flash: int
    max_instructions: int | None
    widths: tuple[float, ...]
    budget: SearchBudget


BUDGET = SearchBudget(
    samples=60,
    supernet_epochs=3,
    networks=2,
    evaluations=300,
    population=50,
    parents=12,
    search_examples=1500,
    finetune_epochs=56,
    finetune_small=0.4,
    qat_epochs=2,
    batch=128,
    learning_rate=0.3,
)
# ResNet-8 in this engine: 17,092 bytes of RAM, 96,724 of flash, 11,924,651 instructions. The margins are for code
# (about 20 KB) and for the cost model's error.
RECIPES: Mapping[str, Recipe] = {
    "resnet8": Recipe(16_900, 74_000, 7_900_000, (0.75, 1.0), BUDGET),
    "tiny": Recipe(
        16_000,
        31_500,
        None,
        (0.5, 0.625, 0.75),
        replace(
            BUDGET,
            supernet_epochs=2,
            evaluations=80,
            population=20,
            parents=6,
            finetune_epochs=20,
            finetune_small=0.5,
            qat_epochs=5,
        ),
    ),
}

# Four fifths of the multiply-accumulates at 16x16 pixels and more, so that 70,000 weights can earn 6 million of them.
LAYOUT = Layout(
    channels=3,
    classes=10,
    stem_width=16,
    stem_stride=(1, 1),
    first_width=16,
    stages=(Stage(24, 2, (1, 2, 3)), Stage(40, 2, (1, 2, 3)), Stage(56, 1, (1, 2))),
    kernels=(3, 5),
    expansions=(2, 3, 4),
)


def grid(recipe: Recipe) -> Grid:
    return Grid(LAYOUT, recipe.widths, ((28, 28), (32, 32)))


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
        budget=shortened(recipe.budget, _SCALE.value),
        seed=_SEED.value,
        workdir=_OUT.value,
        grid=grid(recipe),
        augment=shift_images(4, flip=True),
    )
    result.convert(result.workdir / "c", name="cifar10")


if __name__ == "__main__":
    app.run(main)
