"""The command `tinyengine_tf`: subcommands over the functions of `api`.

Exit codes are those of `errors`: 0 done, 2 usage, 3 malformed model, 4 unsupported, 5 does not fit,
6 missing tool, 7 not exact, 70 our bug, 130 interrupted. Results go to stdout, messages to stderr.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from absl import app, logging
from absl.flags import argparse_flags

from tinyengine_tf import api, report
from tinyengine_tf.drawing import Choice, front_png, front_svg, plan_page
from tinyengine_tf.errors import InternalError, MismatchError, TinyEngineError, UsageError
from tinyengine_tf.ops import catalogue
from tinyengine_tf.output import write_bytes, write_text
from tinyengine_tf.passes import IO_MODES
from tinyengine_tf.regions import parse_size
from tinyengine_tf.schedule import FEEDS, OPTIMIZE
from tinyengine_tf.target import load_target, target_names

EPILOG = """examples:
  tinyengine_tf convert model.tflite --target stm32f746 --out generated/
  tinyengine_tf verify  model.tflite --target cortex-m4
  tinyengine_tf plan    model.tflite --optimize ram --html plan.html
  tinyengine_tf pareto  model.tflite --target stm32f746 --plot choices.svg
"""


def main() -> None:
    """Entry point of the console script."""
    app.run(_run, flags_parser=_parse)


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse_flags.ArgumentParser(
        prog="tinyengine_tf",
        description="Compile int8 .tflite models to exact, self-contained C for microcontrollers.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    # Plain subparsers: absl flags of other modules in the process must not clash with our options.
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=argparse.ArgumentParser
    )

    def command(name: str, function: Callable[[argparse.Namespace], None], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        sub.set_defaults(function=function)
        return sub

    def model_command(
        name: str, function: Callable[[argparse.Namespace], None], text: str, goal: bool = True
    ) -> argparse.ArgumentParser:
        sub = command(name, function, text)
        sub.add_argument("model", metavar="MODEL.tflite", help="the model file")
        sub.add_argument(
            "--target", default="cortex-m4", help="core or board (see `targets`), or a .toml file; default %(default)s"
        )
        sub.add_argument(
            "--io",
            default="model",
            choices=IO_MODES,
            help="model: inputs and outputs as in the file; int8: without boundary QUANTIZE/DEQUANTIZE",
        )
        if goal:
            _add_goal(sub)
        sub.add_argument(
            "--flash-budget",
            type=_size,
            metavar="SIZE",
            help="what constants may take to make layers faster, such as 256KB; default: as little as they can",
        )
        if goal:
            sub.add_argument(
                "--region",
                action="append",
                default=[],
                metavar="WHAT=NAMES",
                help="memory regions (see `targets`) for arena or weights, fastest first: arena=DTCM:64KB,AXI_SRAM or "
                "weights=FLASH,QSPI; repeatable; default: what the board has, split only where it must be",
            )
        sub.add_argument(
            "--feed", default="frame", choices=FEEDS, help="rows: the input arrives row by row (NAME_feed_rows)"
        )
        sub.add_argument("--json", action="store_true", help="print JSON instead of text")
        return sub

    convert = model_command("convert", _convert, "write C with a static memory plan")
    convert.add_argument(
        "--name", help="prefix of all C symbols; default net, or with --compat the model symbol's name"
    )
    convert.add_argument("--out", required=True, metavar="DIR", help="folder to write")
    _add_compat(convert)
    plan = model_command("plan", _plan, "show the memory plan: who lives where and when")
    plan.add_argument("--html", metavar="FILE", help="also write it as a page to explore in a browser")
    pareto = model_command("pareto", _pareto, "list the choices between RAM and instructions", goal=False)
    pareto.add_argument("--plot", metavar="FILE", help="also draw them: .svg, or .png where matplotlib is installed")
    model_command("explain", _explain, "tell which kernel runs each layer, and why not another")
    verify = model_command(
        "verify", _verify, "run the C on the host or an emulated core and compare it with TFLM, bit for bit"
    )
    verify.add_argument(
        "--inputs", metavar="FILE", help=".npy (samples along axis 0) or .npz (one array per input, in order)"
    )
    verify.add_argument(
        "--samples", type=_positive, default=3, help="samples of noise when no inputs are given; default %(default)s"
    )
    verify.add_argument("--seed", type=int, default=0, help="seed of the noise; default %(default)s")
    verify.add_argument("--layers", action="store_true", help="compare every layer, not only the outputs")
    verify.add_argument(
        "--sanitize", action="store_true", help="(host) build with address and undefined-behaviour sanitizers"
    )
    compare = model_command(
        "compare",
        _compare,
        "run TFLM and the generated code side by side: outputs, layers, memory, flash, instructions, time",
    )
    compare.add_argument(
        "--data", metavar="FILE", help="samples: .npy (along axis 0) or .npz (one array per input, in order)"
    )
    compare.add_argument(
        "--samples", type=_positive, default=3, help="samples of noise when no data are given; default %(default)s"
    )
    compare.add_argument("--seed", type=int, default=0, help="seed of the noise; default %(default)s")
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
    targets = command("targets", _targets, "list cores and boards")
    targets.add_argument("--json", action="store_true", help="print JSON instead of text")
    ops = command("ops", _ops, "list the supported operators and what each accepts")
    ops.add_argument("--json", action="store_true", help="print JSON instead of text")
    ops.add_argument("--markdown", action="store_true", help="print a page for documentation")
    return parser.parse_args(argv[1:])


def _add_goal(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--optimize",
        default="latency",
        choices=OPTIMIZE,
        help="latency: least work; ram: least memory; balanced: least memory in 5 %% more work; default %(default)s",
    )
    sub.add_argument(
        "--ram-budget", type=_size, metavar="SIZE", help="least work within this arena, such as 64KB or 20000"
    )


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


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return value


def _size(text: str) -> int:
    """Bytes from 20000, 64KB (1024 each), 1MB."""
    try:
        return parse_size(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(f"{error.message}; {error.hint}") from error


def _plan_options(args: argparse.Namespace) -> dict[str, Any]:
    """The options that all commands on a model share."""
    return {
        "target": args.target,
        "io": args.io,
        "optimize": args.optimize,
        "ram_budget_bytes": args.ram_budget,
        "flash_budget_bytes": args.flash_budget,
        "feed": args.feed,
        "regions": _regions(args.region),
    }


def _regions(given: Sequence[str]) -> dict[str, str]:
    """{"arena": names, "weights": names} from --region options."""
    found: dict[str, str] = {}
    for text in given:
        what, equals, names = text.partition("=")
        if not equals or not names or what in found:
            raise UsageError(f"--region {text}", hint="--region arena=NAMES and --region weights=NAMES, each once")
        found[what] = names
    return found


def _run(args: argparse.Namespace) -> None:
    logging.use_absl_handler()
    logging.get_absl_handler().setFormatter(None)
    try:
        args.function(args)
    except TinyEngineError as error:
        kind = "internal error, please report it: " if isinstance(error, InternalError) else ""
        print(f"tinyengine_tf: {kind}{error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("tinyengine_tf: interrupted, nothing was written", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1))


def _convert(args: argparse.Namespace) -> None:
    result = _convert_compat(args) if args.compat else _convert_plain(args)
    if args.json:
        _print_json(result.report)
        return
    print(report.layer_table(result.arena))
    print()
    print(report.summary(result.arena))
    print(f"wrote    {len(result.bundle)} files to {args.out}")
    print(f"compile  cc -std=c99 -O2 -I{Path(args.out) / 'include'} -c {Path(args.out) / 'src'}/*.c")


def _convert_plain(args: argparse.Namespace) -> api.Conversion:
    given = [
        option
        for option in (
            "model_symbol",
            "keep_flatbuffer",
            "length_symbol",
            "model_header",
            "builtin_arena",
            "profile_layers",
        )
        if getattr(args, option)
    ]
    if given:
        raise UsageError(f"--{given[0].replace('_', '-')} has a meaning only for TFLM's API", hint="add --compat tflm")
    return api.convert(args.model, args.out, name=args.name or "net", **_plan_options(args))


def _convert_compat(args: argparse.Namespace) -> api.Conversion:
    from tflm_compat import convert, parse_symbols

    if args.io != "model" or args.feed != "frame":
        raise UsageError(
            "with --compat, inputs and outputs are the file's own and whole", hint="leave out --io and --feed"
        )
    if args.region:
        raise UsageError("with --compat, firmware's own arena is the only one", hint="leave out --region")
    symbols = parse_symbols(
        args.model_symbol, args.length_symbol, args.model_header, keep_flatbuffer=args.keep_flatbuffer
    )
    return convert(
        args.model,
        args.out,
        symbols=symbols,
        target=args.target,
        name=args.name,
        optimize=args.optimize,
        ram_budget_bytes=args.ram_budget,
        flash_budget_bytes=args.flash_budget,
        builtin_arena=args.builtin_arena,
        profile_layers=args.profile_layers,
    )


def _compiled(args: argparse.Namespace) -> api.Estimate:
    return api.estimate(args.model, exact=True, **_plan_options(args))


def _plan(args: argparse.Namespace) -> None:
    arena = _compiled(args).arena
    if args.html:
        write_text(Path(args.html), plan_page(arena, f"{arena.schedule.graph.name}: memory plan"))
    if args.json:
        _print_json(report.plan_dict(arena))
        return
    print(report.plan_picture(arena))
    print()
    print(report.summary(arena))
    if args.html:
        print(f"wrote    {args.html}")


def _pareto(args: argparse.Namespace) -> None:
    kind = Path(args.plot).suffix.lower() if args.plot else ""
    if kind not in ("", ".svg", ".png"):
        raise UsageError(f"cannot draw to {args.plot}", hint="a file that ends with .svg or .png")
    points = api.pareto(
        args.model, target=args.target, io=args.io, feed=args.feed, flash_budget_bytes=args.flash_budget
    )
    if args.plot:
        _plot_front(points, Path(args.plot), kind)
    if args.json:
        _print_json(report.pareto_rows(points))
        return
    print(report.pareto_table(points))
    if args.plot:
        print(f"wrote    {args.plot}")


def _plot_front(points: Sequence[api.Estimate], path: Path, kind: str) -> None:
    schedule = points[0].arena.schedule
    choices = [
        Choice(p.arena_bytes, p.instructions, " ".join(s.label for s in p.arena.schedule.steps if s.fused))
        for p in points
    ]
    title = f"{schedule.graph.name} on {schedule.target.title}" + (", fed by rows" if schedule.fed is not None else "")
    if kind == ".svg":
        write_text(path, front_svg(choices, title, schedule.target.one_piece_bytes))
    else:
        write_bytes(path, front_png(choices, title))


def _explain(args: argparse.Namespace) -> None:
    arena = _compiled(args).arena
    if args.json:
        _print_json(
            [
                {
                    "layer": x.label,
                    "op": x.op.KIND,
                    "kernel": x.kernel.name,
                    "why": x.kernel.why,
                    "rejected": dict(x.rejected),
                }
                for x in arena.schedule.layers
            ]
        )
        return
    print(report.explain(arena))


def _verify(args: argparse.Namespace) -> None:
    if not args.json:
        logging.info("building and running for %s, comparing with TFLM ...", args.target)
    result = api.verify(
        args.model,
        inputs=args.inputs,
        count=args.samples,
        seed=args.seed,
        layers=args.layers,
        sanitize=args.sanitize,
        **_plan_options(args),
    )
    if args.json:
        _print_json(result.as_dict())
    else:
        print(report.verification(result.as_dict()))
    if not result.exact:
        raise MismatchError(
            str(result.difference), where=str(args.model), hint="please report this model: it should be exact"
        )


def _compare(args: argparse.Namespace) -> None:
    from tflm_compat.compare import TflmLibrary, as_dict, as_html, as_text, compare
    from tflm_compat.compare.device import DEFAULT_FLAGS

    if args.io != "model" or args.feed != "frame" or args.ram_budget or args.flash_budget or args.region:
        raise UsageError("compare runs the model as the file has it", hint="leave out --io, --feed, --region, budgets")
    library = None
    if args.tflm_lib:
        flags = DEFAULT_FLAGS if args.tflm_flags is None else tuple(args.tflm_flags.split())
        library = TflmLibrary(Path(args.tflm_lib), tuple(map(Path, args.tflm_include)), flags)
    elif args.tflm_include or args.tflm_flags:
        raise UsageError("--tflm-include and --tflm-flags are about a library", hint="add --tflm-lib FILE.a")
    if not args.json:
        logging.info("running TFLM and the generated code for %s ...", args.target)
    result = compare(
        args.model,
        target=args.target,
        optimize=args.optimize,
        data=args.data,
        samples=args.samples,
        seed=args.seed,
        library=library,
    )
    if args.html:
        write_text(Path(args.html), as_html(result))
    if args.json:
        _print_json(as_dict(result))
    else:
        print(as_text(result))
    if not result.exact:
        raise MismatchError(
            str(result.difference), where=str(args.model), hint="please report this model: it should be exact"
        )


def _targets(args: argparse.Namespace) -> None:
    rows = [load_target(name) for name in target_names()]
    if args.json:
        _print_json(
            [
                {
                    "name": t.name,
                    "title": t.title,
                    "core": t.core,
                    "isa": t.isa,
                    "ram_bytes": t.ram_bytes,
                    "flash_bytes": t.flash_bytes,
                    "regions": [asdict(r) for r in (*t.ram, *t.constants)],
                    "clock_hz": t.clock_hz,
                    "emulator": t.emulator.machine if t.emulator else None,
                }
                for t in rows
            ]
        )
        return
    print(
        report.table(
            [
                (
                    t.name,
                    t.title,
                    t.core,
                    t.isa,
                    f"{(t.ram_bytes or 0) // 1024} KB" if t.ram_bytes else "",
                    f"{t.flash_bytes // 1024} KB" if t.flash_bytes else "",
                    t.emulator.machine if t.emulator else ("host" if t.is_host else ""),
                    " ".join(f"{r.name}:{r.size_bytes // 1024}KB" for r in t.ram if len(t.ram) > 1),
                )
                for t in rows
            ],
            ("name", "what", "core", "kernels", "RAM", "flash", "runs in", "RAM regions"),
        )
    )


def _ops(args: argparse.Namespace) -> None:
    if args.json:
        _print_json(catalogue.as_list())
    else:
        print(catalogue.markdown() if args.markdown else catalogue.text())
