"""The chain from Python: convert() writes C, estimate() says what it will cost, verify() proves it exact.

read -> import -> passes -> schedule -> memory plan -> C
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tinyengine_tf import passes, schedule
from tinyengine_tf.codegen import Bundle, Options, render
from tinyengine_tf.errors import ModelError, UsageError
from tinyengine_tf.ir import Graph
from tinyengine_tf.memory.arena import ArenaPlan, draft_arena, plan_arena
from tinyengine_tf.memory.misfit import misfit
from tinyengine_tf.memory.placement import in_regions
from tinyengine_tf.memory.replay import replay
from tinyengine_tf.ops.importer import import_graph
from tinyengine_tf.output import LIST, REPORT, write_folder
from tinyengine_tf.packaging import package_files
from tinyengine_tf.regions import Places, parse_places
from tinyengine_tf.report import report, weights_bytes
from tinyengine_tf.samples import load_samples
from tinyengine_tf.schedule import Goal
from tinyengine_tf.target import Target, load_target
from tinyengine_tf.tflite import read, with_signature
from tinyengine_tf.verify import Verification
from tinyengine_tf.verify import verify as verify_arena

MODEL_BYTES_MAX = (1 << 31) - 1  # offsets in a FlatBuffer have 31 bits

Model = str | Path | bytes
Regions = Mapping[str, str] | Places | None


@dataclass(frozen=True)
class Conversion:
    """What convert() has made: the files, the report (report.json's content), and the plan behind them."""

    bundle: Bundle
    report: dict[str, Any]
    arena: ArenaPlan

    @property
    def arena_bytes(self) -> int:
        return self.arena.arena_bytes

    def write(self, out: str | Path, *, force: bool = False) -> None:
        """Write all files to the folder `out`, or none; files of ours that are there and no longer needed go.

        force   replace files that we did not write, too
        Raises UsageError if such files are in the way, listing them, or if it cannot be written.
        """
        write_folder(self.bundle, Path(out), force=force)


@dataclass(frozen=True)
class Estimate:
    """Cost of one inference as the compiler plans it, without generating code.

    instructions   predicted from measured kernels (kernels.cost): executed instructions, not cycles.
    cycles         estimated from documented timings, Cortex-M4 and M7 only; energy_uj: microjoules, where the board's
                   mW/MHz is known, too. None otherwise.
    """

    arena_bytes: int
    weights_bytes: int
    macs: int
    instructions: int
    arena: ArenaPlan

    @property
    def cycles(self) -> int | None:
        return self.arena.schedule.cycles

    @property
    def energy_uj(self) -> float | None:
        return self.arena.schedule.energy_uj

    @property
    def fits(self) -> bool:
        """Whether convert() would find room in the target's (or the named) memory regions, for code none counted."""
        return misfit(self.arena) is None


def load_graph(model: Model, signature: str | None = None) -> Graph:
    """Read a .tflite file (path or bytes) into a graph, as the file says it.

    signature   which of the file's signatures is meant; None: its first subgraph, as TFLM does.
    Raises UsageError when it cannot be read, ModelError for a malformed file, UnsupportedError for
    operators outside the subset.
    """
    data, name = read_model(model, signature)
    return import_graph(read(data, name))


def read_model(model: Model, signature: str | None = None) -> tuple[bytes, str]:
    """The bytes of a .tflite file, in which the signature's subgraph is the first, and a name for messages."""
    data, name = _content(model)
    return (data if signature is None else with_signature(data, signature, name)), name


def _content(model: Model) -> tuple[bytes, str]:
    if isinstance(model, bytes):
        return model, "model"
    path = Path(model)
    try:
        if path.is_char_device() or path.is_block_device():
            raise UsageError(f"{path} is a device", hint="give the path of a .tflite file")
        with open(path, "rb") as file:
            data = file.read(MODEL_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"cannot read {path}: {getattr(error, 'strerror', None) or error}", hint="give the path of a .tflite file"
        ) from error
    if len(data) > MODEL_BYTES_MAX:
        raise ModelError("the file is larger than 2 GB, which no .tflite file is", where=str(path))
    if not data:
        raise ModelError("the file is empty", where=str(path), hint="export the model again")
    return data, path.stem


def compile_graph(
    graph: Graph,
    target: Target,
    goal: Goal = Goal(),
    *,
    io: str = "model",
    exact: bool = True,
    enough_bytes: int = 0,
    places: Places = Places(),
) -> ArenaPlan:
    """Passes, schedule and memory plan: everything that `render` needs and `estimate` measures."""
    draft = cache(draft_arena)

    @cache
    def settled(candidate: schedule.Schedule) -> ArenaPlan:
        return plan_arena(candidate, exact=exact, draft=draft(candidate), enough_bytes=enough_bytes)

    chosen = schedule.build(
        passes.run(graph, io=io),
        target,
        goal,
        arena_bytes=lambda candidate: draft(candidate).arena_bytes,
        settled_bytes=lambda candidate: settled(candidate).arena_bytes,
        ram_bytes=sum(region.size_bytes for region in places.arena) or None,
    )
    placed = in_regions(settled(chosen), places, exact=exact)
    if exact:
        replay(placed)
    return placed


def places_on(target: Target, regions: Regions) -> Places:
    """The regions that a caller allows on a target. Raises UsageError for names it does not know."""
    if isinstance(regions, Places):
        return regions
    return parse_places(regions or {}, (*target.ram, *target.constants))


def convert(
    model: Model,
    out: str | Path | None = None,
    *,
    target: str | Target = "cortex-m4",
    name: str = "net",
    io: str = "model",
    optimize: str = "latency",
    ram_budget_bytes: int | None = None,
    flash_budget_bytes: int | None = None,
    feed: str = "frame",
    regions: Regions = None,
    signature: str | None = None,
    options: Options | None = None,
    extend: Callable[[bytes, ArenaPlan, Options], Bundle] | None = None,
    force: bool = False,
) -> Conversion:
    """Turn an int8 .tflite model into C for `target`; write it to the folder `out` if one is given.

    name               prefix of every C symbol and file.
    io                 "model": inputs and outputs as in the file; "int8": without boundary QUANTIZE/DEQUANTIZE.
    optimize           "latency", "balanced" or "ram": see schedule.Goal.
    ram_budget_bytes   least work within this arena instead.
    flash_budget_bytes what constants may take, where larger ones make layers faster; None: as little as they can.
    feed               "rows" generates NAME_feed_rows(): the input arrives row by row and never lies in RAM; "image"
                       generates NAME_invoke_image(): it stays where the caller has it, and is not in the arena.
    regions            memory regions to use, such as {"arena": "DTCM:64KB,AXI_SRAM", "weights": "FLASH,QSPI"}, fastest
                       first; by default the arena is split only where no region on the chip can hold it.
    signature          which of the file's signatures is meant; None: its first subgraph, as TFLM does.
    options            the finer choices of code generation; its name counts instead of `name`.
    extend             makes further files from the .tflite file's bytes, the plan and the options.
    force              replace files in `out` that we did not write; otherwise they are an error.
    Raises ModelError, UnsupportedError, UsageError, or DoesNotFitError when the arena or the constants
    exceed a budget or a board's memory. Nothing is written on an error.
    """
    chosen = options or Options(name=name)
    device = load_target(target) if isinstance(target, str) else target
    data, title = read_model(model, signature)
    goal, places = Goal(optimize, ram_budget_bytes, feed, flash_budget_bytes), places_on(device, regions)
    arena = compile_graph(import_graph(read(data, title)), device, goal, io=io, places=places)
    check_fit(arena)
    bundle = dict(render(arena, chosen))
    bundle |= extend(data, arena, chosen) if extend is not None else {}
    bundle |= package_files(chosen.name, bundle)
    content = report(arena, chosen.name)
    content["files"] = sorted([*bundle, REPORT, LIST])
    bundle[REPORT] = json.dumps(content, indent=1) + "\n"
    conversion = Conversion(bundle, content, arena)
    if out is not None:
        conversion.write(out, force=force)
    return conversion


def check_fit(arena: ArenaPlan) -> None:
    """Raise DoesNotFitError if the arena or the constants alone exceed the memory regions they may use."""
    found = misfit(arena)
    if found is not None:
        raise found


def estimate(
    model: Model | Graph,
    *,
    target: str | Target = "cortex-m4",
    io: str = "model",
    optimize: str = "latency",
    ram_budget_bytes: int | None = None,
    flash_budget_bytes: int | None = None,
    feed: str = "frame",
    exact: bool = False,
    enough_bytes: int = 0,
    regions: Regions = None,
    signature: str | None = None,
) -> Estimate:
    """What convert() would report for a model, or for a Graph whose constants may lack their values.

    Fast enough to be asked by a search: the exact planner runs only with exact=True. Where the question is whether the
    arena fits into `enough_bytes`, a plan that does is not made smaller; everything but `arena_bytes` stays the same.
    """
    graph = model if isinstance(model, Graph) else load_graph(model, signature)
    device = load_target(target) if isinstance(target, str) else target
    goal, places = Goal(optimize, ram_budget_bytes, feed, flash_budget_bytes), places_on(device, regions)
    arena = compile_graph(graph, device, goal, io=io, exact=exact, enough_bytes=enough_bytes, places=places)
    return Estimate(arena.arena_bytes, weights_bytes(arena), arena.schedule.macs, arena.schedule.instructions, arena)


def pareto(
    model: Model | Graph,
    *,
    target: str | Target = "cortex-m4",
    io: str = "model",
    feed: str = "frame",
    flash_budget_bytes: int | None = None,
    signature: str | None = None,
) -> tuple[Estimate, ...]:
    """The choices between RAM and work: estimates from the fastest to the leanest, none better than another in both.

    Exact within the segments that are enumerated (see schedule.segments), but for what planning adds to the sum of
    live buffers. Each is what convert() makes with `ram_budget_bytes` set to its arena and the same flash budget.
    """
    graph = passes.run(model if isinstance(model, Graph) else load_graph(model, signature), io=io)
    device = load_target(target) if isinstance(target, str) else target
    points: list[Estimate] = []
    for candidate in schedule.build_front(graph, device, feed, flash_budget_bytes):
        arena = in_regions(plan_arena(candidate), Places())
        point = Estimate(arena.arena_bytes, weights_bytes(arena), candidate.macs, candidate.instructions, arena)
        while points and points[-1].arena_bytes >= point.arena_bytes and points[-1].instructions >= point.instructions:
            points.pop()
        if not points or point.arena_bytes < points[-1].arena_bytes:
            points.append(point)
    return tuple(points)


def verify(
    model: Model,
    *,
    target: str | Target = "cortex-m4",
    io: str = "model",
    optimize: str = "latency",
    ram_budget_bytes: int | None = None,
    flash_budget_bytes: int | None = None,
    feed: str = "frame",
    regions: Regions = None,
    signature: str | None = None,
    inputs: str | Path | Sequence[Sequence[np.ndarray]] | None = None,
    count: int = 3,
    seed: int = 0,
    layers: bool = False,
    sanitize: bool = False,
) -> Verification:
    """Convert, build, run on the host or an emulated core, and compare with TFLM bit for bit.

    inputs   samples (a sequence of one array per model input each), a .npy/.npz file of them, or None
             for `count` samples of noise from `seed`.
    layers   compare every layer even when all outputs agree.
    Returns a Verification whose `exact` tells the outcome; raises ToolchainError when a compiler, the
    emulator or the tflite_micro package is missing.
    """
    data, name = read_model(model, signature)
    graph = import_graph(read(data, name))
    device = load_target(target) if isinstance(target, str) else target
    goal, places = Goal(optimize, ram_budget_bytes, feed, flash_budget_bytes), places_on(device, regions)
    arena = compile_graph(graph, device, goal, io=io, places=places)
    samples = load_samples(inputs, graph.inputs) if isinstance(inputs, str | Path) else inputs
    return verify_arena(data, graph, arena, samples=samples, count=count, seed=seed, layers=layers, sanitize=sanitize)
