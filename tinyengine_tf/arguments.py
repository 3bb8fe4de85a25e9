"""The command line of `tinyengine_tf`: every command's options, and what they mean to `api`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence

from absl.flags import argparse_flags

from tinyengine_tf.errors import UsageError
from tinyengine_tf.passes import IO_MODES
from tinyengine_tf.regions import parse_size
from tinyengine_tf.request import Asked
from tinyengine_tf.schedule import FEEDS, OPTIMIZE
from tinyengine_tf.version import VERSION

EPILOG = """examples:
  tinyengine_tf convert model.tflite --target stm32f746 --out generated/
  tinyengine_tf verify  model.tflite --target cortex-m4
  tinyengine_tf plan    model.tflite --optimize ram --html plan.html
  tinyengine_tf pareto  model.tflite --target stm32f746 --plot choices.svg
"""

Command = Callable[[argparse.Namespace], None]


def with_commands(
    prog: str, description: str, epilog: str, functions: Mapping[str, Command]
) -> tuple[argparse.ArgumentParser, Callable[[str, str], argparse.ArgumentParser]]:
    """A parser without commands yet, and what adds one, given its name and help; `functions` carry them out."""
    parser = argparse_flags.ArgumentParser(
        prog=prog, description=description, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"{prog} {VERSION}")
    # Plain subparsers: absl flags of other modules in the process must not clash with our options.
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=argparse.ArgumentParser
    )

    def command(name: str, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        sub.set_defaults(function=functions[name])
        return sub

    return parser, command


def parse(argv: Sequence[str], functions: Mapping[str, Command]) -> argparse.Namespace:
    """The command line as values; `function` is the command's own among `functions`, by name."""
    parser, command = with_commands(
        "tinyengine_tf",
        "Compile int8 .tflite models to exact, self-contained C for microcontrollers.",
        EPILOG,
        functions,
    )

    def model_command(name: str, text: str) -> argparse.ArgumentParser:
        sub = command(name, text)
        sub.add_argument("model", metavar="MODEL.tflite", help="the model file")
        sub.add_argument(
            "--target", default="cortex-m4", help="core or board (see `targets`), or a .toml file; default %(default)s"
        )
        sub.add_argument(
            "--signature", metavar="NAME", help="which of the file's signatures; default: its first subgraph, as TFLM"
        )
        sub.add_argument("--json", action="store_true", help="print JSON instead of text")
        return sub

    _add_convert(model_command("convert", "write C with a static memory plan"))
    plan = model_command("plan", "show the memory plan: who lives where and when")
    _add_plan(plan)
    plan.add_argument("--html", metavar="FILE", help="also write it as a page to explore in a browser")
    pareto = model_command("pareto", "list the choices between RAM and instructions")
    _add_form(pareto)
    pareto.add_argument("--plot", metavar="FILE", help="also draw them: .svg, or .png where matplotlib is installed")
    _add_plan(model_command("explain", "tell which kernel runs each layer, and why not another"))
    _add_verify(
        model_command("verify", "run the C on the host or an emulated core and compare it with TFLM, bit for bit")
    )
    _add_compare(
        model_command(
            "compare",
            "run TFLM and the generated code side by side: outputs, layers, memory, flash, instructions, time",
        )
    )
    targets = command("targets", "list cores and boards")
    targets.add_argument("--json", action="store_true", help="print JSON instead of text")
    ops = command("ops", "list the supported operators and what each accepts")
    ops.add_argument("--json", action="store_true", help="print JSON instead of text")
    ops.add_argument("--markdown", action="store_true", help="print a page for documentation")
    return parser.parse_args(argv[1:])


def _add_form(sub: argparse.ArgumentParser) -> None:
    """What the generated network is like from outside, and what its constants may take."""
    sub.add_argument(
        "--io",
        default="model",
        choices=IO_MODES,
        help="model: inputs and outputs as in the file; int8: without boundary QUANTIZE/DEQUANTIZE; "
        "default %(default)s",
    )
    sub.add_argument(
        "--feed",
        default="frame",
        choices=FEEDS,
        help="frame: the whole input lies in the arena; rows: it arrives row by row (NAME_feed_rows); image: it stays "
        "in the caller's frame buffer (NAME_invoke_image), read in strips of columns where that saves RAM; "
        "default %(default)s",
    )
    sub.add_argument(
        "--flash-budget",
        type=size,
        metavar="SIZE",
        help="what constants may take to make layers faster, such as 256KB; default: as little as they can",
    )
    sub.add_argument(
        "--region",
        action="append",
        default=[],
        metavar="WHAT=NAMES",
        help="memory regions (see `targets`) for arena or weights, fastest first: arena=DTCM:64KB,AXI_SRAM or "
        "weights=FLASH,QSPI; repeatable; default: what the board has, split only where it must be",
    )


def _add_optimize(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--optimize",
        default="latency",
        choices=OPTIMIZE,
        help="latency: least work that keeps the largest live set; ram: least memory; balanced: least memory in 5 %% "
        "more work; speed: least work whatever memory that takes; default %(default)s",
    )


def _add_plan(sub: argparse.ArgumentParser) -> None:
    """All that decides about a plan."""
    _add_form(sub)
    _add_optimize(sub)
    sub.add_argument(
        "--ram-budget", type=size, metavar="SIZE", help="least work within this arena, such as 64KB or 20000"
    )


def _add_convert(convert: argparse.ArgumentParser) -> None:
    convert.add_argument("--out", required=True, metavar="DIR", help="folder to write")
    convert.add_argument(
        "--force",
        action="store_true",
        help="replace files in DIR that this tool did not write, or that were edited since; default: refuse",
    )
    convert.add_argument(
        "--name", help="prefix of all C symbols; default net, or with --compat the model symbol's name"
    )
    _add_plan(convert)
    convert.add_argument(
        "--steps", action="store_true", help="add NAME_step(), which runs the network in pieces, and a list of them"
    )
    _add_compat(convert)


def _add_verify(verify: argparse.ArgumentParser) -> None:
    _add_plan(verify)
    _add_samples(verify, "--inputs")
    verify.add_argument("--layers", action="store_true", help="compare every layer, not only the outputs")
    verify.add_argument(
        "--sanitize", action="store_true", help="(host) build with address and undefined-behaviour sanitizers"
    )


def _add_compare(compare: argparse.ArgumentParser) -> None:
    _add_plan(compare)
    _add_samples(compare, "--data")
    compare.add_argument("--html", metavar="FILE", help="also write a page with plots")
    compare.add_argument("--tflm-lib", metavar="FILE.a", help="TFLM built for the target: measure it there, too")
    compare.add_argument(
        "--tflm-include",
        metavar="FOLDER",
        action="append",
        default=[],
        help="headers of TFLM, flatbuffers, gemmlowp, ruy; repeatable",
    )
    compare.add_argument(
        "--tflm-flags", metavar="FLAGS", help="what the library was compiled with, as one argument (--tflm-flags=-D...)"
    )


def _add_samples(sub: argparse.ArgumentParser, file_option: str) -> None:
    sub.add_argument(
        file_option, metavar="FILE", help="samples: .npy (along axis 0) or .npz (one array per input, in order)"
    )
    sub.add_argument(
        "--samples",
        type=positive,
        default=3,
        metavar="COUNT",
        help=f"samples of noise when no {file_option} is given; default %(default)s",
    )
    sub.add_argument("--seed", type=natural, default=0, help="seed of the noise; default %(default)s")


def _add_compat(convert: argparse.ArgumentParser) -> None:
    group = convert.add_argument_group("firmware written for TensorFlow Lite Micro (TFLM)")
    group.add_argument(
        "--compat", choices=("tflm",), help="add TFLM's headers and define the symbols that firmware references"
    )
    which = group.add_mutually_exclusive_group()
    which.add_argument(
        "--model-symbol",
        metavar="NAME",
        help="firmware's model array, such as g_model or model::data; drop its definition",
    )
    which.add_argument(
        "--keep-flatbuffer", action="store_true", help="firmware keeps its model array, and a changed one is refused"
    )
    group.add_argument(
        "--length-symbol",
        metavar="NAME[:TYPE]",
        help="firmware's variable with the array's length; TYPE default unsigned int",
    )
    group.add_argument(
        "--model-header", metavar="PATH", help="also write a header that declares both, at this path below include/"
    )
    group.add_argument(
        "--builtin-arena", action="store_true", help="bring an arena, for when firmware's is null or too small"
    )
    group.add_argument("--profile-layers", action="store_true", help="let a MicroProfiler see every layer")
    group.add_argument(
        "--without-headers",
        action="store_true",
        help="leave TFLM's headers out: another library of the program, the first model's, brings them",
    )


def positive(text: str) -> int:
    """An integer of 1 or more."""
    return _at_least(1, text)


def natural(text: str) -> int:
    """An integer of 0 or more, such as a seed."""
    return _at_least(0, text)


def _at_least(least: int, text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no integer") from None
    if value < least:
        raise argparse.ArgumentTypeError(f"{value} is below {least}")
    return value


def size(text: str) -> int:
    """Bytes from 20000, 64KB (1024 each), 1MB."""
    try:
        return parse_size(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(f"{error.message}; {error.hint}") from error


def asked(args: argparse.Namespace) -> Asked:
    """What a command line asks of the compiler, as the keywords of `api`; commands without an option leave it out."""
    found: Asked = {
        "target": args.target,
        "signature": args.signature,
        "io": args.io,
        "flash_budget_bytes": args.flash_budget,
        "feed": args.feed,
        "regions": _regions(args.region),
    }
    if "optimize" in args:
        found |= {"optimize": args.optimize, "ram_budget_bytes": args.ram_budget}
    return found


def _regions(given: Sequence[str]) -> dict[str, str]:
    """{"arena": names, "weights": names} from --region options."""
    found: dict[str, str] = {}
    for text in given:
        what, equals, names = text.partition("=")
        if not equals or not names or what in found:
            raise UsageError(f"--region {text}", hint="--region arena=NAMES and --region weights=NAMES, each once")
        found[what] = names
    return found
