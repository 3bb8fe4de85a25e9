"""The command `tinyengine_tf`: subcommands over the functions of `api`.

Exit codes are those of `errors`: 0 done, 2 usage, 3 malformed model, 4 unsupported, 5 does not fit,
6 missing tool, 7 not exact, 70 our bug, 130 interrupted. Results go to stdout, messages to stderr.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from absl import app, logging

from tinyengine_tf import api, report
from tinyengine_tf.arguments import Command, asked, parse
from tinyengine_tf.codegen import Options
from tinyengine_tf.codegen.entries import STEP_BY_STEP
from tinyengine_tf.command import carry_out
from tinyengine_tf.drawing import Choice, front_png, front_svg, plan_page
from tinyengine_tf.errors import MismatchError, UsageError
from tinyengine_tf.lab.expectation import TFLM
from tinyengine_tf.ops import catalogue
from tinyengine_tf.output import write_bytes, write_text
from tinyengine_tf.target import load_target, target_names


def main() -> None:
    """Entry point of the console script."""
    carry_out("tinyengine_tf", lambda: app.run(_run, flags_parser=lambda argv: parse(argv, COMMANDS)))


def _run(args: argparse.Namespace) -> None:
    logging.use_absl_handler()
    logging.get_absl_handler().setFormatter(None)
    args.function(args)


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
            "without_headers",
        )
        if getattr(args, option)
    ]
    if given:
        raise UsageError(f"--{given[0].replace('_', '-')} has a meaning only for TFLM's API", hint="add --compat tflm")
    if args.steps and args.feed != "frame":
        raise UsageError("steps take whole inputs", hint="leave out --feed, which has pieces of its own, or --steps")
    name = "net" if args.name is None else args.name
    options = Options(name=name, entries=(STEP_BY_STEP,) if args.steps else ())
    return api.convert(args.model, args.out, options=options, force=args.force, **asked(args))


def _convert_compat(args: argparse.Namespace) -> api.Conversion:
    from tflm_compat import convert, parse_symbols

    if args.steps:
        raise UsageError("TFLM's API runs a model as a whole", hint="leave out --steps, or --compat")
    symbols = parse_symbols(
        args.model_symbol, args.length_symbol, args.model_header, keep_flatbuffer=args.keep_flatbuffer
    )
    return convert(
        args.model,
        args.out,
        symbols=symbols,
        name=args.name,
        builtin_arena=args.builtin_arena,
        profile_layers=args.profile_layers,
        headers=not args.without_headers,
        force=args.force,
        **asked(args),
    )


def _compiled(args: argparse.Namespace) -> api.Estimate:
    return api.estimate(args.model, exact=True, **asked(args))


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
    points = api.pareto(args.model, **asked(args))
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
    fed = ", fed by rows" if schedule.fed is not None else ", image outside" if schedule.image is not None else ""
    title = f"{schedule.graph.name} on {schedule.target.title}{fed}"
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
                    "predicted_instructions": round(step.instructions_of(x)),
                    "measured": x.prediction.measured,
                    "rejected": dict(x.rejected),
                }
                for step in arena.schedule.steps
                for x in step.layers
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
        **asked(args),
    )
    if args.json:
        _print_json(result.as_dict())
    else:
        print(report.verification(result.as_dict()))
    if not result.passed:
        raise _not_exact(args, str(result.difference), result.against.by)


def _not_exact(args: argparse.Namespace, difference: str, by: str = TFLM) -> MismatchError:
    """A fault of ours, unless TFLM's own result depends on what happens to lie in its memory, or TFLM was not asked."""
    if by != TFLM:
        hint = f"compared with {by}, whose operators need not round as TFLM's do; please report this model"
        return MismatchError(difference, where=str(args.model), hint=hint)
    caveats = dict.fromkeys(op.caveat for op in api.load_graph(args.model, args.signature).ops if op.caveat)
    hint = "; ".join(caveats) or "please report this model: it should be exact"
    return MismatchError(difference, where=str(args.model), hint=hint)


def _compare(args: argparse.Namespace) -> None:
    from tflm_compat.compare import TflmLibrary, as_dict, as_html, as_text, compare
    from tflm_compat.compare.device import DEFAULT_FLAGS

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
        data=args.data,
        samples=args.samples,
        seed=args.seed,
        library=library,
        **asked(args),
    )
    if args.html:
        write_text(Path(args.html), as_html(result))
    if args.json:
        _print_json(as_dict(result))
    else:
        print(as_text(result))
    if not result.exact:
        raise _not_exact(args, str(result.difference))


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


COMMANDS: Mapping[str, Command] = {
    "convert": _convert,
    "plan": _plan,
    "pareto": _pareto,
    "explain": _explain,
    "verify": _verify,
    "compare": _compare,
    "targets": _targets,
    "ops": _ops,
}
