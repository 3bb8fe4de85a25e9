"""Instructions, bytes and worst layers of every model on every core, beside TFLM + CMSIS-NN and TinyEngine.

    python benchmarks/run.py [--models FOLDER] [--model NAME ...] [--core NAME ...] [--worst 5] [--json FILE]

Instructions are counted exactly in QEMU for one inference on noise; they rank kernels, they are no cycles. The figures
of the others are data (baselines.toml). `--json` saves what compare.py compares.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPO))

from tinyengine_tf import api  # noqa: E402
from tinyengine_tf.codegen import Options, render  # noqa: E402
from tinyengine_tf.errors import TinyEngineError  # noqa: E402
from tinyengine_tf.ir import Op  # noqa: E402
from tinyengine_tf.lab import emulate  # noqa: E402
from tinyengine_tf.lab.build import compile_network  # noqa: E402
from tinyengine_tf.lab.verify import device_sample, random_samples  # noqa: E402
from tinyengine_tf.memory.arena import ArenaPlan  # noqa: E402
from tinyengine_tf.ops.binary import Binary  # noqa: E402
from tinyengine_tf.ops.conv2d import Conv2D  # noqa: E402
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D  # noqa: E402
from tinyengine_tf.ops.fully_connected import FullyConnected  # noqa: E402
from tinyengine_tf.output import write_folder  # noqa: E402
from tinyengine_tf.target import load_target  # noqa: E402

CORES = ("cortex-m4", "cortex-m7", "cortex-m55")
DSP_LIMITS = {"dense": 18 / 24, "pointwise": 18 / 24, "depthwise": 6 / 9, "fully connected": 15 / 16}
MVE_LIMITS = {"dense": 11 / 96, "pointwise": 11 / 96}
ISSUE_LIMITS = {"cortex-m4": DSP_LIMITS, "cortex-m7": DSP_LIMITS, "cortex-m33": DSP_LIMITS, "cortex-m55": MVE_LIMITS}
"""Instructions per MAC of innermost loops, by kind of layer: see docs/performance.md."""


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--models", type=Path, default=Path(os.environ.get("TINYENGINE_SHARED", REPO.parent / "shared")) / "models"
    )
    parser.add_argument(
        "--model", action="append", help="only this one (the file's name without .tflite); may be repeated"
    )
    parser.add_argument("--core", action="append", help=f"default: {', '.join(CORES)}")
    parser.add_argument("--worst", type=int, default=5, help="how many layers to list")
    parser.add_argument("--optimize", default="latency", choices=("latency", "balanced", "ram"))
    parser.add_argument("--flash-budget", type=int, metavar="BYTES", help="what constants may take to be faster")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    options = parser.parse_args(argv)
    baselines = tomllib.loads((Path(__file__).parent / "baselines.toml").read_text(encoding="utf-8"))
    results: dict[str, dict[str, Any]] = {}
    for path in sorted(options.models.glob("*.tflite")):
        if options.model and path.stem not in options.model:
            continue
        for core in options.core or CORES:
            try:
                result = measure(path, core, api.Goal(options.optimize, flash_budget_bytes=options.flash_budget))
            except TinyEngineError as error:
                print(f"{path.stem} on {core}: {error}\n")
                continue
            results.setdefault(path.stem, {})[core] = result
            print(table(path.stem, core, result, baselines.get(path.stem, {}), options.worst), flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def measure(model: Path, core: str, goal: api.Goal) -> dict[str, Any]:
    """All figures of one model on one core: exact counts of a build without hooks, layers from one with them."""
    source = api.load_graph(model)
    arena = api.compile_graph(source, load_target(core), goal)
    sample = device_sample(source, arena, random_samples(source, 1, 0)[0])
    with tempfile.TemporaryDirectory(prefix="tinyengine_tf.") as folder:
        plain = run(arena, Path(folder) / "plain", sample, Options())
        ticked = run(arena, Path(folder) / "ticked", sample, Options(tick=True))
    spent = ticked.layer_instructions[0]
    layers = []
    for step in arena.schedule.steps:
        last = step.layers[-1]
        into, out = step.layers[0].op.input.shape[1:], last.op.output.shape[1:]
        layers.append(
            {
                "layer": step.label,
                "kind": kind_of([x.op for x in step.layers]),
                "kernel": " + ".join(x.kernel.name for x in step.layers),
                "macs": sum(x.op.macs for x in step.layers),
                "shape": f"{'x'.join(map(str, into))} -> {'x'.join(map(str, out))}",
                "instructions": spent.get(last.index, 0),
            }
        )
    sizes = plain.sizes
    return {
        "instructions": plain.instructions,
        "macs": source.macs,
        "macs_left": arena.schedule.graph.macs,
        "arena_bytes": arena.arena_bytes,
        "stack_bytes": plain.stack_bytes,
        "code_bytes": sizes.code_bytes + sizes.library_flash_bytes,
        "constants_bytes": sizes.weights_bytes + sizes.tables_bytes,
        "flash_bytes": plain.flash_bytes,
        "layers": layers,
    }


def kind_of(ops: Sequence[Op]) -> str:
    """dense, pointwise, depthwise, ...: what a step computes."""
    if len(ops) > 1:
        return "row pipeline"
    op = ops[0]
    if isinstance(op, Conv2D):
        return "pointwise" if op.window.is_pointwise else "dense"
    if isinstance(op, Binary):
        return "elementwise"
    known = {DepthwiseConv2D: "depthwise", FullyConnected: "fully connected"}
    return known.get(type(op), op.KIND.lower())


def run(arena: ArenaPlan, folder: Path, sample: Any, options: Options) -> emulate.Run:
    write_folder(render(arena, options), folder / "c")
    program = compile_network(folder / "c", arena.schedule.target, folder / "build")
    return emulate.run(program, [sample], trace=options.tick, timeout_s=3600)


def table(model: str, core: str, result: dict[str, Any], baseline: dict[str, Any], worst: int) -> str:
    """The figures as text."""
    n, macs = result["instructions"], max(result["macs"], 1)
    line = f"{model} on {core}: {n:,} instructions, {n / macs:.2f} per MAC"
    for name, title in (("tflm", "TFLM"), ("tinyengine", "TinyEngine")):
        if other := baseline.get(name, {}).get(core):
            line += f", {n / other:.3f} of {title}"
    lines = [line]
    flash = (
        f"  flash {result['flash_bytes']:,} (code {result['code_bytes']:,}, constants {result['constants_bytes']:,})"
    )
    arena = f", arena {result['arena_bytes']:,}, stack {result['stack_bytes']:,}"
    if baseline:
        flash += f", {result['flash_bytes'] / (baseline['code_bytes'] + baseline['model_bytes']):.3f} of TFLM's"
        arena += f"; arena {result['arena_bytes'] / baseline['ram_bytes']:.3f} of TFLM's"
    lines.append(flash + arena)
    if result["macs_left"] != result["macs"]:
        lines.append(f"  {result['macs_left']:,} of {result['macs']:,} MACs are left after exact rewrites")
    limits = ISSUE_LIMITS.get(core, {})
    for key in ("kind", "kernel"):
        groups: dict[str, tuple[int, int]] = {}
        for layer in result["layers"]:
            spent, products = groups.get(layer[key], (0, 0))
            groups[layer[key]] = (spent + layer["instructions"], products + layer["macs"])
        for name, (spent, products) in sorted(groups.items(), key=lambda item: -item[1][0]):
            limit = f", issue limit {limits[name]:.2f}" if name in limits else ""
            lines.append(f"  {spent / n:6.1%} {spent:12,}  {per_mac(spent, products)}  all {name[:90]}{limit}")
    for layer in sorted(result["layers"], key=lambda x: -x["instructions"])[:worst]:
        spent = layer["instructions"]
        lines.append(
            f"  {spent / n:6.1%} {spent:12,}  {per_mac(spent, layer['macs'])}  "
            f"{layer['layer']:8} {layer['shape']:28} {layer['kernel'][:90]}"
        )
    return "\n".join(lines) + "\n"


def per_mac(instructions: int, macs: int) -> str:
    return f"{instructions / macs:6.2f}/MAC" if macs else " " * 10


if __name__ == "__main__":
    main()
