"""Layers -> their instructions: many independent ones in one program with a tick after each, or row pipelines."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tinyengine_tf.calibrate.fit import Measurement
from tinyengine_tf.calibrate.layers import Sampler
from tinyengine_tf.codegen import Options, render
from tinyengine_tf.codegen.hooks import TICK
from tinyengine_tf.cost.table import CostTable
from tinyengine_tf.ir import Graph, Op
from tinyengine_tf.kernels.select import NO_BUDGET, select
from tinyengine_tf.lab.build import compile_network
from tinyengine_tf.lab.emulate import run
from tinyengine_tf.lab.verify import random_samples
from tinyengine_tf.memory.arena import ArenaPlan, plan_arena
from tinyengine_tf.output import write_folder
from tinyengine_tf.schedule import Goal, Layer, Schedule, build
from tinyengine_tf.schedule.segments import Segments
from tinyengine_tf.target import Target

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


def plan_layers(target: Target, ops: Sequence[Op], frugal: str | None = NO_BUDGET) -> ArenaPlan:
    """Independent layers as one program, one by one; with `frugal` None also by kernels that spend flash on speed."""
    graph, layers = graph_of(ops), []
    for index, op in enumerate(ops):
        choice = select(op, target.processor, frugal)
        layers.append(Layer(index, op, choice.kernel, choice.lowered, target.processor))
    space = Segments(graph, layers, {})
    return plan_arena(Schedule(graph, target, tuple(space.single(i).steps[0] for i in range(len(ops)))), exact=False)


def measure(target: Target, ops: Sequence[Op], frugal: str | None = NO_BUDGET) -> list[Measurement]:
    """What each of some independent layers takes."""
    arena = plan_layers(target, ops, frugal)
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
