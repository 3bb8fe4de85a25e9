"""The command `nas_keras`.

    nas_keras search --data x.npz --target stm32f412 --sram 64KB --flash 256KB --budget standard --out run/
    nas_keras space  --shape 32x32x3 --classes 10 --target stm32f412

--data is an .npz file with x_train, y_train, x_val, y_val. Exit codes are those of tinyengine_tf.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from absl import app

from nas_keras.arguments import parse
from nas_keras.budget import adjust, counts, load_budget
from nas_keras.families import load_family
from nas_keras.search import STRATEGIES, load_strategy
from nas_keras.search.options import parse as parse_options
from nas_keras.search.options import rules
from nas_keras.search.tinynas import explore, table
from nas_keras.show.screen import Screen
from tinyengine_tf.arguments import Command
from tinyengine_tf.command import carry_out
from tinyengine_tf.errors import UsageError


def main() -> None:
    """Entry point of the console script."""
    carry_out(
        "nas_keras",
        lambda: app.run(_run, flags_parser=lambda argv: parse(argv, COMMANDS)),
        interrupted="the same command goes on from here",
    )


def _run(args: argparse.Namespace) -> None:
    args.function(args)


def _search(args: argparse.Namespace) -> None:
    from nas_keras.api import search_for_mcu

    own = [name for name in rules(STRATEGIES.find(args.strategy)) if name not in counts()]
    options = [text for text in args.set if text.partition("=")[0] in own]
    budget = adjust(load_budget(args.budget), (text for text in args.set if text not in options), own)
    strategy = load_strategy(args.strategy, budget, parse_options(STRATEGIES.find(args.strategy), options))
    arrays = _arrays(args.data)
    result = search_for_mcu(
        (arrays["x_train"], arrays["y_train"]),
        (arrays["x_val"], arrays["y_val"]),
        args.target,
        sram=args.sram,
        flash=args.flash,
        max_macs=args.max_macs,
        max_instructions=args.max_instructions,
        max_latency=args.max_latency,
        budget=budget,
        family=args.family,
        strategy=strategy,
        seed=args.seed,
        workdir=args.out,
        classes=args.classes,
        workers=args.workers,
        ray=args.ray,
    )
    result.convert(Path(args.out) / "c")
    print(result)


def _space(args: argparse.Namespace) -> None:
    from nas_keras.api import nothing_fits, spread_over
    from nas_keras.cost.compiler import CompilerCost
    from nas_keras.request import device_limits
    from nas_keras.search.tinynas import rank

    device, limits = device_limits(
        args.target, args.sram, args.flash, args.max_macs, args.max_instructions, args.max_latency
    )
    family = load_family(args.family)
    grid = family.grid_for(args.shape, args.classes)
    cost = CompilerCost(device.name, family=family) if args.cost == "compiler" else family.formula()
    if cost is None:
        raise UsageError(f"no formula was published for {family.name}", where="--cost", hint="--cost compiler")
    sampling = replace(adjust(load_budget(args.budget), args.set).sampling, seed=args.seed)
    screen, total, done = Screen(1, True), len(grid.spaces()), []

    def progress(stats) -> None:
        done.append(stats)
        screen.count_up(len(done), total, f"{stats.name}: {stats.satisfying} of {stats.drawn} fit")

    workers = args.workers or os.cpu_count() or 1
    found = explore(grid, cost, limits, sampling, workers=workers, spread=spread_over(args.ray), progress=progress)
    print(table(found, sampling))
    if not rank(found, sampling):
        raise nothing_fits(grid, cost, limits)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """The four arrays of the .npz file --data names."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in ("x_train", "y_train", "x_val", "y_val") if name in file.files}
    except (OSError, ValueError) as error:
        raise UsageError(
            f"cannot read {path}: {error}", where="--data", hint="an .npz file written by numpy.savez"
        ) from error
    missing = [name for name in ("x_train", "y_train", "x_val", "y_val") if name not in arrays]
    if missing:
        raise UsageError(
            f"{path} lacks {', '.join(missing)}",
            where="--data",
            hint="save x_train, y_train, x_val, y_val with numpy.savez",
        )
    return arrays


COMMANDS: Mapping[str, Command] = {"search": _search, "space": _space}


if __name__ == "__main__":
    main()
