"""The chain from Python: convert() writes C, estimate() says what it will cost, verify() proves it exact.

read -> import -> passes -> schedule -> memory plan -> C
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from tinyengine_tf import passes, schedule
from tinyengine_tf.codegen import Bundle, Options, render
from tinyengine_tf.errors import ModelError, UsageError
from tinyengine_tf.ir import Graph
from tinyengine_tf.lab.samples import load_samples
from tinyengine_tf.lab.verify import Verification
from tinyengine_tf.lab.verify import verify as verify_arena
from tinyengine_tf.memory.arena import ArenaPlan, ArenaPlanner, plan_arena
from tinyengine_tf.memory.misfit import misfit
from tinyengine_tf.memory.placement import in_regions
from tinyengine_tf.memory.replay import replay
from tinyengine_tf.ops.importer import import_graph
from tinyengine_tf.output import LIST, REPORT, write_folder
from tinyengine_tf.packaging import package_files
from tinyengine_tf.regions import Places
from tinyengine_tf.report import report, weights_bytes
from tinyengine_tf.request import Asked, Request
from tinyengine_tf.schedule import Goal, Orders
from tinyengine_tf.target import Target
from tinyengine_tf.tflite import read, with_signature

MODEL_BYTES_MAX = (1 << 31) - 1  # offsets in a FlatBuffer have 31 bits

Model = str | Path | bytes


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

    instructions   predicted from measured kernels (tinyengine_tf.cost): executed instructions, not cycles. Layers in
                   arena.schedule.guessed have kernels that nobody has measured on the core.
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
    orders: Orders | None = None,
) -> ArenaPlan:
    """Passes, schedule and memory plan: everything that `render` needs and `estimate` measures.

    orders   what earlier compilations have found of the order of rows, for one thread's search to give on
    """
    planner = ArenaPlanner(exact, enough_bytes)
    chosen = schedule.build(
        passes.run(graph, io=io),
        target,
        goal,
        planner,
        ram_bytes=sum(region.size_bytes for region in places.arena) or None,
        orders=orders,
    )
    placed = in_regions(planner.settled(chosen), places, exact=exact)
    if exact:
        replay(placed)
    return placed


def compiled(
    graph: Graph, request: Request, *, exact: bool = True, enough_bytes: int = 0, orders: Orders | None = None
) -> ArenaPlan:
    """What a request makes of a graph."""
    return compile_graph(
        graph,
        request.target,
        request.goal,
        io=request.io,
        exact=exact,
        enough_bytes=enough_bytes,
        places=request.places,
        orders=orders,
    )


def convert(
    model: Model,
    out: str | Path | None = None,
    *,
    name: str = "net",
    options: Options | None = None,
    extend: Callable[[bytes, ArenaPlan, Options], Bundle] | None = None,
    force: bool = False,
    **asked: Unpack[Asked],
) -> Conversion:
    """Turn an int8 .tflite model into C for a target; write it to the folder `out` if one is given.

    name       prefix of every C symbol and file.
    options    the finer choices of code generation; its name counts instead of `name`.
    extend     makes further files from the .tflite file's bytes, the plan and the options.
    force      replace files in `out` that we did not write; otherwise they are an error.
    asked      target, signature, io, optimize, ram_budget_bytes, flash_budget_bytes, feed, regions: see request.Asked.
    Raises ModelError, UnsupportedError, UsageError, or DoesNotFitError when the arena or the constants
    exceed a budget or a board's memory. Nothing is written on an error.
    """
    chosen, request = options or Options(name=name), Request.of(**asked)
    data, title = read_model(model, request.signature)
    arena = compiled(import_graph(read(data, title)), request)
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
    exact: bool = False,
    enough_bytes: int = 0,
    orders: Orders | None = None,
    **asked: Unpack[Asked],
) -> Estimate:
    """What convert() would report for a model, or for a Graph whose constants may lack their values.

    asked   as in convert().
    orders  of a search in one thread: what the compiler has found for earlier candidates.
    Fast enough to be asked by a search: the exact planner runs only with exact=True. Where the question is whether the
    arena fits into `enough_bytes`, a plan that does is not made smaller; everything but `arena_bytes` stays the same.
    """
    request = Request.of(**asked)
    return _estimate(compiled(_graph(model, request), request, exact=exact, enough_bytes=enough_bytes, orders=orders))


def _graph(model: Model | Graph, request: Request) -> Graph:
    return model if isinstance(model, Graph) else load_graph(model, request.signature)


def _estimate(arena: ArenaPlan) -> Estimate:
    done = arena.schedule
    return Estimate(arena.arena_bytes, weights_bytes(arena), done.macs, done.instructions, arena)


def pareto(model: Model | Graph, **asked: Unpack[Asked]) -> tuple[Estimate, ...]:
    """The choices between RAM and work: estimates from the fastest to the leanest, none better than another in both.

    asked   as in convert(), but for `optimize` and `ram_budget_bytes`, which are what is chosen.
    Exact within the segments that are enumerated (see schedule.segments), but for what planning adds to the sum of
    live buffers. Each is what convert() makes with `ram_budget_bytes` set to its arena and the rest as asked.
    """
    request = Request.of(**asked)
    if request.asks_for_plan:
        raise UsageError("pareto lists the choices between RAM and work", hint="leave out optimize and RAM budget")
    graph, goal = passes.run(_graph(model, request), io=request.io), request.goal
    points: list[Estimate] = []
    for candidate in schedule.build_front(graph, request.target, goal.feed, goal.flash_budget_bytes):
        point = _estimate(in_regions(plan_arena(candidate), request.places))
        while points and points[-1].arena_bytes >= point.arena_bytes and points[-1].instructions >= point.instructions:
            points.pop()
        if not points or point.arena_bytes < points[-1].arena_bytes:
            points.append(point)
    return tuple(points)


def verify(
    model: Model,
    *,
    inputs: str | Path | Sequence[Sequence[np.ndarray]] | None = None,
    count: int = 3,
    seed: int = 0,
    layers: bool = False,
    sanitize: bool = False,
    **asked: Unpack[Asked],
) -> Verification:
    """Convert, build, run on the host or an emulated core, and compare with TFLM bit for bit.

    inputs   samples (a sequence of one array per model input each), a .npy/.npz file of them, or None
             for `count` samples of noise from `seed`.
    layers   compare every layer even when all outputs agree.
    asked    as in convert().
    Returns a Verification whose `exact` tells the outcome, and `against.by` whose word it is where TFLM refuses the
    model (TensorFlow's, else the operators' own definition in numpy); raises ToolchainError when a compiler, the
    emulator or the tflite_micro package is missing.
    """
    request = Request.of(**asked)
    data, name = read_model(model, request.signature)
    graph = import_graph(read(data, name))
    arena = compiled(graph, request)
    samples = load_samples(inputs, graph.inputs) if isinstance(inputs, str | Path) else inputs
    return verify_arena(data, graph, arena, samples=samples, count=count, seed=seed, layers=layers, sanitize=sanitize)
