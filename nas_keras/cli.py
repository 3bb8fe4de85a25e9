"""The command `nas_keras`.

    nas_keras search --data x.npz --target stm32f412 --sram 64KB --flash 256KB --budget standard --out run/
    nas_keras space  --shape 32x32x3 --classes 10 --target stm32f412

--data is an .npz file with x_train, y_train, x_val, y_val. Exit codes are those of tinyengine_tf.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import numpy as np
from absl import app, flags

from nas_keras.budget import BUDGETS, adjust, load_budget
from nas_keras.cost.footprint import AnalyticCost, CostModel
from nas_keras.space.space import grid_for
from nas_keras.space.tinynas import explore, table
from nas_keras.stages import Screen
from tinyengine_tf.errors import TinyEngineError, UsageError

_DATA = flags.DEFINE_string("data", None, "search: .npz file with x_train, y_train, x_val, y_val")
_TARGET = flags.DEFINE_string("target", "stm32f746", "core or board, see `tinyengine_tf targets`")
_SRAM = flags.DEFINE_string("sram", None, "limit for activations, such as 64KB; default: the board's, less 8 KB")
_FLASH = flags.DEFINE_string("flash", None, "limit for constants, such as 256KB; default: the board's, less 64 KB")
_MAX_MACS = flags.DEFINE_string("max_macs", None, "limit on multiply-accumulates, such as 5M")
_MAX_INSTRUCTIONS = flags.DEFINE_string("max_instructions", None, "limit on executed instructions, such as 10M")
_MAX_LATENCY = flags.DEFINE_float(
    "max_latency", None, "limit in milliseconds on the board's clock, by estimated cycles"
)
_BUDGET = flags.DEFINE_enum("budget", "standard", list(BUDGETS), "how much work to do")
_SET = flags.DEFINE_list("set", [], "other counts than the budget's, such as samples=100,finetune_epochs=20")
_STRATEGY = flags.DEFINE_enum("strategy", "evolution", ["evolution", "aging", "random"], "how candidates are proposed")
_SEED = flags.DEFINE_integer("seed", 0, "seed of every random choice")
_OUT = flags.DEFINE_string("out", "nas_run", "search: folder for everything; a search found there is resumed")
_SHAPE = flags.DEFINE_string("shape", None, "space: input rows x columns x channels, such as 96x96x3")
_CLASSES = flags.DEFINE_integer("classes", None, "number of classes; search: default from the data")
_COST = flags.DEFINE_enum("cost", "compiler", ["compiler", "analytic"], "space: who says what a network needs")
_WORKERS = flags.DEFINE_integer("workers", None, "processes of stage 1; default: one per core")
_RAY = flags.DEFINE_string("ray", None, "address of a Ray cluster that samples spaces and evaluates candidates")


def main() -> None:
    """Entry point of the console script."""
    app.run(_main)


def _main(argv: list[str]) -> None:
    commands = {"search": _search, "space": _space}
    if len(argv) != 2 or argv[1] not in commands:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    try:
        commands[argv[1]]()
    except TinyEngineError as error:
        print(f"nas_keras: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("\nnas_keras: stopped; the same command goes on from here", file=sys.stderr)
        sys.exit(130)


def _search() -> None:
    from nas_keras.api import search_for_mcu

    if _DATA.value is None:
        raise UsageError("no data", where="--data", hint="an .npz file with x_train, y_train, x_val, y_val")
    budget = adjust(load_budget(_BUDGET.value), _SET.value)
    arrays = _arrays(Path(_DATA.value))
    result = search_for_mcu(
        (arrays["x_train"], arrays["y_train"]),
        (arrays["x_val"], arrays["y_val"]),
        _TARGET.value,
        sram=size(_SRAM.value, "--sram"),
        flash=size(_FLASH.value, "--flash"),
        max_macs=size(_MAX_MACS.value, "--max_macs"),
        max_instructions=size(_MAX_INSTRUCTIONS.value, "--max_instructions"),
        max_latency=_MAX_LATENCY.value,
        budget=budget,
        strategy=_STRATEGY.value,
        seed=_SEED.value,
        workdir=_OUT.value,
        classes=_CLASSES.value,
        workers=_WORKERS.value,
        ray=_RAY.value,
    )
    result.convert(Path(_OUT.value) / "c")
    print(result)


def _space() -> None:
    from nas_keras.api import nothing_fits, spread_over
    from nas_keras.cost.compiler import CompilerCost
    from nas_keras.request import device_limits
    from nas_keras.space.tinynas import rank

    match = re.fullmatch(r"(\d+)x(\d+)x(\d+)", _SHAPE.value or "")
    if match is None:
        raise UsageError(
            f"the shape is {_SHAPE.value!r}", where="--shape", hint="rows x columns x channels, such as 96x96x3"
        )
    rows, columns, channels = (int(g) for g in match.groups())
    device, limits = device_limits(
        _TARGET.value,
        size(_SRAM.value, "--sram"),
        size(_FLASH.value, "--flash"),
        size(_MAX_MACS.value, "--max_macs"),
        size(_MAX_INSTRUCTIONS.value, "--max_instructions"),
        _MAX_LATENCY.value,
    )
    grid = grid_for((rows, columns, channels), _CLASSES.value or 10)
    cost: CostModel = CompilerCost(device.name) if _COST.value == "compiler" else AnalyticCost()
    sampling = adjust(load_budget(_BUDGET.value), _SET.value).sampling
    screen, total, done = Screen(1, True), len(grid.spaces()), []

    def progress(stats) -> None:
        done.append(stats)
        screen.count_up(len(done), total, f"{stats.name}: {stats.satisfying} of {stats.drawn} fit")

    workers = _WORKERS.value or os.cpu_count() or 1
    found = explore(grid, cost, limits, sampling, workers=workers, spread=spread_over(_RAY.value), progress=progress)
    print(table(found, sampling))
    if not rank(found, sampling):
        raise nothing_fits(grid, cost, limits)


def _arrays(path: Path) -> dict[str, np.ndarray]:
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


def size(text: str | None, where: str) -> int | None:
    """Bytes (or a count) from text such as 64KB, 1MB, 5M or 65536; K and M are 1024 before B, else 1000."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kKmM]?)([bB]?)", text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no size", where=where, hint="a number such as 65536, 64KB or 1MB")
    base = 1024 if match[3] else 1000
    return round(float(match[1]) * base ** {"": 0, "k": 1, "m": 2}[match[2].lower()])


if __name__ == "__main__":
    main()
