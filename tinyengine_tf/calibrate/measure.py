"""Layers -> their instructions: many independent ones in one program with a tick after each, or row pipelines."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyengine_tf.calibrate.fit import Measurement
from tinyengine_tf.calibrate.layers import Sampler
from tinyengine_tf.codegen import Options, render
from tinyengine_tf.codegen.hooks import TICK
from tinyengine_tf.cost.table import CostTable
from tinyengine_tf.ir import Graph, Op
from tinyengine_tf.kernels.base import Because, Kernel, Lowered
from tinyengine_tf.kernels.select import candidates, lower
from tinyengine_tf.lab.build import compile_network
from tinyengine_tf.lab.emulate import run
from tinyengine_tf.lab.verify import random_samples
from tinyengine_tf.memory.arena import ArenaPlan, plan_arena
from tinyengine_tf.output import write_folder
from tinyengine_tf.schedule import Goal, Layer, Schedule, build
from tinyengine_tf.schedule.segments import Segments
from tinyengine_tf.target import Core, Target

LAYERS_PER_RUN = 40
BOTTLENECKS = 24


def run_ticked(arena: ArenaPlan) -> Mapping[int, int]:
    """Instructions of each step on noise, by the index of its last layer."""
    with tempfile.TemporaryDirectory(prefix="tinyengine_tf.") as folder:
        write_folder(render(arena, Options(hooks=(TICK,))), Path(folder) / "c")
        program = compile_network(Path(folder) / "c", arena.schedule.target, Path(folder) / "build")
        return run(program, random_samples(arena.schedule.graph, 1, 0), trace=True).layer_instructions[0]


def graph_of(ops: Sequence[Op]) -> Graph:
    """What operators read but do not compute are its inputs, what nobody reads its outputs."""
    made = {t for op in ops for t in op.outputs}
    read = {t for op in ops for t in op.data_inputs}
    graph = Graph(
        "calibration",
        tuple(t for op in ops for t in op.data_inputs if t not in made),
        tuple(t for op in ops for t in op.outputs if t not in read),
        tuple(ops),
    )
    graph.verify()
    return graph


@dataclass(frozen=True, eq=False)
class Work:
    """An operator and a kernel that can compute it on a core."""

    op: Op
    kernel: Kernel
    lowered: Lowered

    @property
    def name(self) -> tuple[str, str]:
        """The kernel's, and the operator's variant."""
        return self.kernel.name, self.op.variant


def ways(op: Op, core: Core) -> Iterator[Work]:
    """Every kernel that can compute an operator, the preferred one first: a lack of memory may choose any of them."""
    for kernel in candidates(type(op)):  # type: ignore[arg-type]  # mypy takes an instance's __hash__ for it
        if kernel.refusal(op, core) is None and not isinstance(lowered := lower(kernel, op, core), Because):
            yield Work(op, kernel, lowered)


def plan_layers(target: Target, works: Sequence[Work]) -> ArenaPlan:
    """Independent layers as one program, one by one."""
    graph = graph_of([w.op for w in works])
    layers = [Layer(i, w.op, w.kernel, w.lowered, target.processor) for i, w in enumerate(works)]
    space = Segments(graph, layers, {})
    return plan_arena(Schedule(graph, target, tuple(space.single(i).steps[0] for i in range(len(works)))), exact=False)


def measure(target: Target, works: Sequence[Work]) -> list[Measurement]:
    """What each of some independent layers takes."""
    arena = plan_layers(target, works)
    spent = run_ticked(arena)
    return [Measurement(x.kernel.name, x.op, calls_of(x), spent[x.index]) for x in arena.schedule.layers]


def calls_of(layer: Layer) -> int:
    return layer.calls if layer.layout.windows is not None and not layer.layout.flat else 1


def measure_pipeline(target: Target, sampler: Sampler, table: CostTable) -> tuple[float, str]:
    """(instructions of a row in a pipeline beyond its kernel's own, the same as text).

    A median: pipelines whose kernels are predicted badly would spoil a mean.
    """
    excess = []
    for _ in range(BOTTLENECKS):
        arena = plan_arena(build(graph_of(sampler.bottleneck()), target, Goal("ram")), exact=False)
        step = arena.schedule.steps[0]
        if step.fused:
            kernels = sum(table.kernel(x.kernel.name, x.op).instructions(x.op, x.calls) for x in step.layers)
            excess.append((run_ticked(arena)[step.layers[-1].index] - kernels) / sum(x.calls for x in step.layers))
    row = max(float(np.median(excess)), 0.0)
    return float(f"{row:.4g}"), f"  a row of a pipeline: {row:.0f}, from {len(excess)} pipelines"
