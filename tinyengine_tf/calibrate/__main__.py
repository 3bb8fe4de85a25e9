"""Measure kernels in QEMU and write cost/tables/CORE.json: python -m tinyengine_tf.calibrate [--core cortex-m4 ...]

Random layers of many kinds and sizes (layers.py) are generated, run a few dozen at a time with a tick after each layer
(measure.py), and the instructions of all layers that one kernel (and variant) computed are fitted (fit.py). Then
bottlenecks run as row pipelines: what they take beyond their kernels is the cost of a row. Kernels that spend flash on
speed are measured beside the others. Needs numpy, the core's compiler and QEMU; about a minute a core, two cores at a
time. After adding a kernel: --missing.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from absl import app, flags

from tinyengine_tf.calibrate import CORES
from tinyengine_tf.calibrate.cycles import SOURCES, cycles_per_instruction
from tinyengine_tf.calibrate.fit import fit_kernels
from tinyengine_tf.calibrate.layers import Sampler, draw
from tinyengine_tf.calibrate.measure import LAYERS_PER_RUN, measure, measure_pipeline, plan_layers
from tinyengine_tf.cost.table import CostTable, table_from
from tinyengine_tf.ir import Op
from tinyengine_tf.kernels.select import NO_BUDGET, select
from tinyengine_tf.target import Target, load_target

AT_ONCE = 2
TRACED, TRACED_LAYERS = (1_000, 20_000), 4
"""Predicted instructions, and number, of the layers of a kernel whose every instruction is looked at."""

_CORE = flags.DEFINE_multi_enum("core", None, CORES, "core to measure; may be repeated; default all")
_LAYERS = flags.DEFINE_integer("layers", 50, "layers of a kind, more of common ones", lower_bound=4)
_MISSING = flags.DEFINE_bool("missing", False, "measure only kernels that the tables lack")
_OUT = flags.DEFINE_string("out", str(Path(__file__).parent.parent / "cost" / "tables"), "folder of the tables")


def calibrate(
    core: str, layers: int, known: Mapping[str, Any] | None = None, seed: int = 0
) -> tuple[dict[str, Any], str]:
    """(a table's content, how good it is). Of `known`, an earlier content, all is kept but what it lacks."""
    target, sampler = load_target(core), Sampler(seed)
    ops = draw(sampler, layers)
    measurements = []
    for frugal in (NO_BUDGET, None):
        kernels = [select(op, target.processor, frugal).kernel for op in ops]
        wanted = [
            op
            for op, kernel in zip(ops, kernels, strict=True)
            if (frugal is not None or kernel.spends_flash) and (known is None or kernel.name not in known["kernels"])
        ]
        for some in batches(wanted):
            measurements += measure(target, some, frugal)
    fitted, lines = fit_kernels(measurements, layers // 3)
    if known is None:
        row, line = measure_pipeline(target, sampler, CostTable(fitted))
        known = {"core": core, "compiler": "GCC 12.2 -O2", "unit": "instructions executed", "row": row, "kernels": {}}
        lines.append(line)
    found = dict(known["kernels"]) | {
        name: {"division": [f.division.pixels, f.division.filters, f.division.inputs], "coefficients": f.coefficients}
        for name, f in fitted.items()
    }
    content = {**known, "kernels": dict(sorted(found.items()))}
    if core in SOURCES:
        add_cycles(content, ops, target)
    return content, "\n".join([f"{core}: {len(measurements)} layers measured", *lines])


def add_cycles(content: dict[str, Any], ops: Sequence[Op], target: Target) -> None:
    """Estimate cycles per instruction of those kernels that lack them, each from a few layers of moderate size."""
    table = table_from(content)
    for frugal in (NO_BUDGET, None):
        some: dict[str, list[Op]] = defaultdict(list)
        for op in ops:
            kernel = select(op, target.processor, frugal).kernel
            size = table.kernel(kernel.name, op).instructions(op, 4)
            if table.kernels[kernel.name].cycles is None and TRACED[0] < size < TRACED[1]:
                some[kernel.name].append(op)
        chosen = [op for found in some.values() for op in found[:TRACED_LAYERS]]
        for name, cycles in (cycles_per_instruction(plan_layers(target, chosen, frugal)) if chosen else {}).items():
            content["kernels"][name]["cycles"] = float(f"{cycles:.4g}")
        table = table_from(content)
    content["cycles_source"] = SOURCES[target.core][1]


def batches(ops: Sequence[Op]) -> Iterator[Sequence[Op]]:
    return (ops[i : i + LAYERS_PER_RUN] for i in range(0, len(ops), LAYERS_PER_RUN))


def json_lines(content: Mapping[str, Any]) -> str:
    """JSON with one kernel a line."""
    head = json.dumps({k: v for k, v in content.items() if k != "kernels"}, indent=1)[:-2]
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in content["kernels"].items())
    return f'{head},\n "kernels": {{\n{lines}\n }}\n}}\n'


def main(argv: Sequence[str]) -> None:
    cores, folder = _CORE.value or CORES, Path(_OUT.value)
    known = [json.loads((folder / f"{c}.json").read_text(encoding="utf-8")) if _MISSING.value else None for c in cores]
    with ProcessPoolExecutor(AT_ONCE) as pool:
        for content, text in pool.map(calibrate, cores, [_LAYERS.value] * len(cores), known):
            print(text, flush=True)
            (folder / f"{content['core']}.json").write_text(json_lines(content), encoding="utf-8")


if __name__ == "__main__":
    app.run(main)
