"""Measure kernels in QEMU and write cost/tables/CORE.json: python -m tinyengine_tf.calibrate [--core cortex-m4 ...]

Random layers of many kinds and sizes (draw.py) are generated, run a few dozen at a time with a tick after each layer
(measure.py), and the instructions of all layers that one kernel (and variant) computed are fitted (fit.py). Every
kernel that can compute a layer is measured on some, the preferred one on all. Then bottlenecks run as row pipelines:
what they take beyond their kernels is the cost of a row. Needs numpy, the core's compiler and QEMU; some minutes a
core, two cores at a time (--at_once). After adding a kernel: --missing.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from absl import app, flags

from tinyengine_tf.calibrate import CORES
from tinyengine_tf.calibrate.cycles import SOURCES, cycles_per_instruction
from tinyengine_tf.calibrate.draw import draw
from tinyengine_tf.calibrate.fit import fit_kernels
from tinyengine_tf.calibrate.layers import Sampler
from tinyengine_tf.calibrate.measure import LAYERS_PER_RUN, Work, measure, measure_pipeline, plan_layers, ways
from tinyengine_tf.cost.table import CostTable, table_from
from tinyengine_tf.ir import Op
from tinyengine_tf.target import Core, Target, load_target

TRACED, TRACED_LAYERS = (1_000, 20_000), 4
"""Predicted instructions, and number, of the layers of a kernel whose every instruction is looked at."""

_CORE = flags.DEFINE_multi_enum("core", None, CORES, "core to measure; may be repeated; default all")
_LAYERS = flags.DEFINE_integer("layers", 50, "layers of a kind, more of common ones", lower_bound=4)
_MISSING = flags.DEFINE_bool("missing", False, "measure only kernels that the tables lack")
_AT_ONCE = flags.DEFINE_integer("at_once", 2, "cores measured at a time", lower_bound=1)
_OUT = flags.DEFINE_string("out", str(Path(__file__).parent.parent / "cost" / "tables"), "folder of the tables")


def calibrate(
    core: str, layers: int, known: Mapping[str, Any] | None = None, seed: int = 0
) -> tuple[dict[str, Any], str]:
    """(a table's content, how good it is). Of `known`, an earlier content, all is kept but what it lacks."""
    target, sampler = load_target(core), Sampler(seed)
    least, names = layers // 3, known["kernels"] if known is not None else {}
    works = missing(drawn(draw(sampler, layers), target.processor, layers), names, least)
    measurements = [m for some in batches(works) for m in measure(target, some)]
    fitted, lines = fit_kernels(measurements, least, told_apart(names))
    if known is None:
        row, line = measure_pipeline(target, sampler, CostTable(fitted))
        known = {"core": core, "compiler": "GCC 12.2 -O2", "unit": "instructions executed", "row": row, "kernels": {}}
        lines.append(line)
    found = {
        name: {"division": [f.division.pixels, f.division.filters, f.division.inputs], "coefficients": f.coefficients}
        for name, f in fitted.items()
    } | dict(known["kernels"])
    content = {**known, "kernels": dict(sorted(found.items()))}
    if core in SOURCES:
        add_cycles(content, works, target)
    return content, "\n".join([f"{core}: {len(measurements)} layers measured", *lines])


def drawn(ops: Sequence[Op], core: Core, most: int) -> list[Work]:
    """All layers by the kernels that are preferred, and up to `most` by each other kernel that can."""
    counts: Counter[str] = Counter()
    works = []
    for op in ops:
        preferred = True
        for work in ways(op, core):
            if preferred or counts[work.kernel.name] < most:
                counts[work.kernel.name] += 1
                works.append(work)
            preferred = preferred and work.kernel.spends_on(op)
    return works


def missing(works: Sequence[Work], known: Collection[str], least: int) -> list[Work]:
    """Layers of kernels that a table lacks, and of variants that are usual enough where it tells them apart."""
    apart = told_apart(known)
    usual = Counter(w.name for w in works)
    return [
        w
        for w in works
        if w.kernel.name not in known
        or (w.kernel.name in apart and " ".join(w.name) not in known and usual[w.name] >= least)
    ]


def told_apart(known: Collection[str]) -> set[str]:
    """Kernels of which a table has variants."""
    return {name.partition(" ")[0] for name in known if " " in name}


def add_cycles(content: dict[str, Any], works: Sequence[Work], target: Target) -> None:
    """Estimate cycles per instruction of those kernels that lack them, each from a few layers of moderate size."""
    table = table_from(content)
    some: dict[str, list[Work]] = defaultdict(list)
    for work in works:
        name = work.kernel.name
        size = table.kernel(name, work.op).instructions(work.op, 4)
        if table.kernels[name].cycles is None and TRACED[0] < size < TRACED[1] and len(some[name]) < TRACED_LAYERS:
            some[name].append(work)
    traced = [work for found in some.values() for work in found]
    for part in batches(traced):
        for name, cycles in cycles_per_instruction(plan_layers(target, part)).items():
            content["kernels"][name]["cycles"] = float(f"{cycles:.4g}")
    content["cycles_source"] = SOURCES[target.core][1]


def batches(works: Iterable[Work]) -> Iterator[list[Work]]:
    """Programs' worth of layers; an operator is in a program only once, and only one variant of each C function."""
    left = list(works)
    while left:
        batch: dict[Op, Work] = {}
        code: dict[str, str] = {}
        for work in left:
            names = {re.sub("_(dsp|thumb1|mve)$", "", need): need for need in work.lowered.code.needs}
            fits = all(code.get(base, need) == need for base, need in names.items())
            if len(batch) < LAYERS_PER_RUN and work.op not in batch and fits:
                batch[work.op] = work
                code |= names
        taken = set(batch.values())
        left = [work for work in left if work not in taken]
        yield list(batch.values())


def json_lines(content: Mapping[str, Any]) -> str:
    """JSON with one kernel a line."""
    head = json.dumps({k: v for k, v in content.items() if k != "kernels"}, indent=1)[:-2]
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in content["kernels"].items())
    return f'{head},\n "kernels": {{\n{lines}\n }}\n}}\n'


def main(argv: Sequence[str]) -> None:
    cores, folder = _CORE.value or CORES, Path(_OUT.value)
    known = [json.loads((folder / f"{c}.json").read_text(encoding="utf-8")) if _MISSING.value else None for c in cores]
    with ProcessPoolExecutor(_AT_ONCE.value) as pool:
        for content, text in pool.map(calibrate, cores, [_LAYERS.value] * len(cores), known):
            print(text, flush=True)
            (folder / f"{content['core']}.json").write_text(json_lines(content), encoding="utf-8")


if __name__ == "__main__":
    app.run(main)
