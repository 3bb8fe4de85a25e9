"""What every model costs on every core, beside a reference; and how large the code base is.

    python benchmarks/house.py [--models FOLDER] [--model NAME ...] [--core NAME ...] [--measure]
    python benchmarks/house.py --record [--out FILE]      the same figures as a new reference
    python benchmarks/house.py --size [--tree FOLDER]     lines, files and public names of a checkout

Prints a line for each figure that differs from benchmarks/house_reference.json, and sums for each way to optimize; the
exit code is 1 where an arena is larger or predicted instructions are more than 0.3 % above. --measure also runs
three small models through verify on emulated cores: outputs against TFLM, executed instructions beside predicted ones.
The reference was recorded with this file at commit 7794aa9 (PYTHONPATH chooses the tree). All models take ten minutes:
--model chooses.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
if "PYTHONPATH" not in os.environ:
    sys.path.insert(0, str(REPO))

from tinyengine_tf import api, passes  # noqa: E402
from tinyengine_tf.errors import TinyEngineError, UsageError  # noqa: E402
from tinyengine_tf.ir import Graph  # noqa: E402

CORES = ("cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55", "riscv32")
WAYS = {"latency": ("latency", "frame"), "ram": ("ram", "frame"), "rows": ("ram", "rows")}
"""What `optimize` and `feed` are, by the name of the way."""
MEASURED = (("mlperf_kws", "cortex-m4"), ("mlperf_ad", "cortex-m55"), ("hello_world_int8", "cortex-m0plus"))
REFERENCE = Path(__file__).parent / "house_reference.json"
TOLERANCE = 1.003
PACKAGES = ("tinyengine_tf", "nas_keras", "tflm_compat")

Figures = dict[str, list[int] | None]
"""`model core way` -> arena bytes, predicted instructions; None where the way is not open to the model."""


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    shared = Path(os.environ.get("TINYENGINE_SHARED", REPO.parent / "shared"))
    parser.add_argument("--models", type=Path, default=shared / "models", help="this folder's and its more/'s")
    parser.add_argument("--model", action="append", help="only this one (file name without .tflite); may be repeated")
    parser.add_argument("--core", action="append", help=f"default: {', '.join(CORES)}")
    parser.add_argument("--measure", action="store_true", help="run small models on emulated cores, too")
    parser.add_argument("--record", action="store_true", help="write the figures instead of comparing them")
    parser.add_argument("--out", type=Path, default=REFERENCE, help="where to; default %(default)s")
    parser.add_argument("--size", action="store_true", help="tell the code's size only")
    parser.add_argument("--tree", type=Path, default=REPO, help="of this checkout; default: of this one")
    options = parser.parse_args(argv)
    if options.size:
        print_size(options.tree)
        return 0
    paths = sorted([*options.models.glob("*.tflite"), *options.models.glob("more/*.tflite")], key=lambda p: p.stem)
    paths = [path for path in paths if not options.model or path.stem in options.model]
    if options.record:
        figures = dict(figures_of(paths, options.core or CORES))
        lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(found)}" for key, found in figures.items())
        options.out.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
        return 0
    reference: Figures = json.loads(REFERENCE.read_text(encoding="utf-8"))
    worse = compare(dict(figures_of(paths, options.core or CORES)), reference)
    return int((options.measure and not measure(paths)) or worse)


def figures_of(paths: Sequence[Path], cores: Sequence[str]) -> Iterator[tuple[str, list[int] | None]]:
    """As the exact planner says; a line on stderr for each model."""
    for path in paths:
        start = time.monotonic()
        try:
            graph = passes.run(api.load_graph(path))
        except TinyEngineError as error:
            print(f"{path.stem}: {error}", file=sys.stderr)
            continue
        for core in cores:
            for way in WAYS:
                yield f"{path.stem} {core} {way}", figure(graph, core, way)
        print(f"{path.stem}: {time.monotonic() - start:.1f} s", file=sys.stderr)


def figure(graph: Graph, core: str, way: str) -> list[int] | None:
    optimize, feed = WAYS[way]
    try:
        found = api.estimate(graph, target=core, optimize=optimize, feed=feed, exact=True)
    except UsageError:  # this input cannot arrive row by row
        return None
    return [found.arena_bytes, found.instructions]


def compare(figures: Figures, reference: Figures) -> bool:
    """Whether anything is worse than the reference says."""
    known = {key: figures[key] for key in figures if key in reference}
    worse = [key for key in known if is_worse(known[key], reference[key])]
    for key in known:
        if known[key] != reference[key]:
            print(f"{'worse' if key in worse else 'other'}  {key}: {reference[key]} -> {known[key]}")
    for way in WAYS:
        pairs = [(f, r) for key, f in known.items() if key.endswith(way) and f and (r := reference[key])]
        if not pairs:
            continue
        then, now = (
            tuple(map(sum, zip(*column, strict=True))) for column in zip(*((r, f) for f, r in pairs), strict=True)
        )
        largest = max(f[1] / max(r[1], 1) for f, r in pairs)
        print(
            f"{way:8} {len(pairs):4} figures  arena {then[0]:11,} -> {now[0]:11,} bytes  "
            f"predicted {then[1]:14,} -> {now[1]:14,} instructions, at most x {largest:.4f}"
        )
    new = sorted({key.split()[0] for key in figures if key not in reference})
    print(f"{len(worse)} of {len(known)} are worse" + (f"; not in the reference: {', '.join(new)}" if new else ""))
    return bool(worse)


def is_worse(now: list[int] | None, then: list[int] | None) -> bool:
    if now is None or then is None:
        return now is None and then is not None
    return now[0] > then[0] or now[1] > then[1] * TOLERANCE


def measure(paths: Sequence[Path]) -> bool:
    """Whether what small models compute on emulated cores is TFLM's."""
    by_name, exact = {path.stem: path for path in paths}, True
    for name, core in MEASURED:
        if name in by_name:
            done = api.verify(by_name[name], target=core)
            predicted = api.estimate(by_name[name], target=core).instructions
            exact &= done.exact
            print(
                f"{name} on {core}: {'exact' if done.exact else 'NOT EXACT'}, "
                f"{done.run.instructions:,} instructions executed, {predicted:,} predicted"
            )
    return exact


def print_size(tree: Path) -> None:
    for package in PACKAGES:
        modules = [p for p in (tree / package).rglob("*.py")]
        lines = {p: len(p.read_text(encoding="utf-8").splitlines()) for p in modules}
        largest = max(modules, key=lambda p: lines[p])
        others = [p for p in (tree / package).rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc")]
        public = sum(len(public_names(p)) for p in modules)
        print(
            f"{package:14} {sum(lines.values()):7,} lines in {len(modules):3} modules, {len(others):3} other files, "
            f"{public:5,} public names, median {statistics.median(lines.values()):.0f}, "
            f"largest {lines[largest]} ({largest.relative_to(tree)})"
        )


def public_names(path: Path) -> set[str]:
    """Functions, classes and constants at the top of a module whose names do not begin with an underscore."""
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {t.id for t in node.targets if isinstance(t, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return {name for name in names if not name.startswith("_")}


if __name__ == "__main__":
    sys.exit(main())
