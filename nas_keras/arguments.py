"""The command line of `nas_keras`: each command takes the options that mean something to it, and no others."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from nas_keras.budget import BUDGETS
from nas_keras.families import DEFAULT, FAMILIES
from nas_keras.search import STRATEGIES
from nas_keras.search.options import describe
from tinyengine_tf.arguments import Command, natural, positive, size, with_commands
from tinyengine_tf.errors import UsageError

EPILOG = """examples:
  nas_keras space  --shape 32x32x3 --classes 10 --target stm32f412
  nas_keras search --data x.npz --target stm32f412 --sram 64KB --flash 256KB --max_latency 50 --out run/
"""


def parse(argv: Sequence[str], functions: Mapping[str, Command]) -> argparse.Namespace:
    """The command line as values; `function` is the command's own among `functions`, by name."""
    parser, command = with_commands(
        "nas_keras",
        "Find a network for your data and your board; the compiler tinyengine_tf says what fits.",
        EPILOG,
        functions,
    )

    space = command("space", "tell which search spaces suit a board, by random draws, without training")
    space.add_argument(
        "--shape", required=True, type=_shape, metavar="ROWSxCOLUMNSxCHANNELS", help="one input, such as 96x96x3"
    )
    space.add_argument("--classes", type=int, default=10, help="number of classes; default %(default)s")
    space.add_argument(
        "--cost",
        default="compiler",
        choices=("compiler", "analytic"),
        help="who says what a network needs: the compiler, or the published layer-by-layer formula; "
        "default %(default)s",
    )
    _add_limits(space)
    _add_amount(space)

    search = command("search", "find, train and export the most accurate network for a board, and convert it to C")
    search.add_argument(
        "--data", required=True, type=Path, metavar="FILE.npz", help="holds x_train, y_train, x_val, y_val"
    )
    search.add_argument("--classes", type=int, help="number of classes; default: what the data hold")
    search.add_argument(
        "--strategy",
        default="evolution",
        metavar="NAME",
        help=f"how candidates are proposed: {', '.join(STRATEGIES)}, or module:Class; default %(default)s",
    )
    if {"-h", "--help"} & set(argv):  # only then are all strategies imported
        search.epilog, search.formatter_class = _strategies(), argparse.RawDescriptionHelpFormatter
    search.add_argument(
        "--out",
        default="nas_run",
        metavar="DIR",
        help="folder for everything; a search found there is resumed; default %(default)s",
    )
    _add_limits(search)
    _add_amount(search)
    return parser.parse_args([_spelt(argument) for argument in argv[1:]])


def _strategies() -> str:
    """Every strategy with its options, for --help."""
    lines = ["options of strategies, changed by --set NAME=VALUE:"]
    for name in STRATEGIES:
        try:
            lines += [f"  {name}", *(f"    {line}" for line in describe(STRATEGIES[name]))]
        except UsageError as error:
            lines.append(f"  {name}: {error.message}")
    return "\n".join(lines)


def _spelt(argument: str) -> str:
    """--max-latency, as `tinyengine_tf` spells its options, for --max_latency."""
    name, equals, value = argument.partition("=")
    return "--" + name[2:].replace("-", "_") + equals + value if name.startswith("--") else argument


def _add_limits(sub: argparse.ArgumentParser) -> None:
    group = sub.add_argument_group("what a network must fit")
    group.add_argument(
        "--target", default="stm32f746", help="core or board, see `tinyengine_tf targets`; default %(default)s"
    )
    group.add_argument(
        "--sram", type=size, metavar="SIZE", help="for activations, such as 64KB; default: the board's, less 8 KB"
    )
    group.add_argument(
        "--flash", type=size, metavar="SIZE", help="for constants, such as 256KB; default: the board's, less 64 KB"
    )
    group.add_argument("--max_macs", type=count, metavar="COUNT", help="most multiply-accumulates, such as 5M")
    group.add_argument(
        "--max_instructions", type=count, metavar="COUNT", help="most executed instructions, such as 10M"
    )
    group.add_argument(
        "--max_latency",
        type=_milliseconds,
        metavar="MS",
        help="most milliseconds on the board's clock, by estimated cycles",
    )


def _add_amount(sub: argparse.ArgumentParser) -> None:
    group = sub.add_argument_group("how much work to do")
    group.add_argument(
        "--family", default=DEFAULT, choices=tuple(FAMILIES), help="kind of networks; default %(default)s"
    )
    group.add_argument(
        "--budget", default="standard", choices=tuple(BUDGETS), help="a set of counts; default %(default)s"
    )
    group.add_argument(
        "--set",
        type=lambda text: text.split(","),
        default=[],
        metavar="NAME=COUNT[,...]",
        help="other counts than the budget's, such as samples=100,finetune_epochs=20, and options of a strategy",
    )
    group.add_argument("--seed", type=natural, default=0, help="seed of every random choice; default %(default)s")
    group.add_argument(
        "--workers", type=positive, metavar="COUNT", help="processes that draw networks; default: one per core"
    )
    group.add_argument("--ray", metavar="ADDRESS", help="a Ray cluster that draws and evaluates networks")


def count(text: str) -> int:
    """A number from text such as 5M, 1.5k (1000 each) or 65536."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kKmM]?)", text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no number; write 65536, 500k or 5M")
    return round(float(match[1]) * {"": 1, "k": 1_000, "m": 1_000_000}[match[2].lower()])


def _milliseconds(text: str) -> float:
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no positive number of milliseconds")
    return value


def _shape(text: str) -> tuple[int, int, int]:
    match = re.fullmatch(r"(\d+)x(\d+)x(\d+)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no shape; rows x columns x channels, such as 96x96x3")
    return int(match[1]), int(match[2]), int(match[3])
