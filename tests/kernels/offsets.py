"""Layers -> one program that runs each of them with its output at every legal offset from each input.

    model --passes--> ops x kernels that can compute them --> layers, every tensor in a buffer of its own
          --render--> net.c, in which addresses become variables, and a driver in place of net_invoke
          --compile, run--> what differed from the same layer with all its tensors apart, or wrote where it must not

Addresses that are variables, and no inlining, keep compilers from choosing an order that happens to be harmless.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.exact import random_input, write_bundle
from tinyengine_tf import api, passes
from tinyengine_tf.codegen import Options, render
from tinyengine_tf.ir import Graph, Tensor
from tinyengine_tf.kernels.base import Lowered
from tinyengine_tf.kernels.select import candidates
from tinyengine_tf.lab.build import compile_network
from tinyengine_tf.lab.emulate import run
from tinyengine_tf.memory import Buffer, Plan, Problem
from tinyengine_tf.memory.arena import ArenaPlan, Share
from tinyengine_tf.memory.liveness import Liveness
from tinyengine_tf.schedule import Layer, Schedule, Step
from tinyengine_tf.schedule.distance import Distance
from tinyengine_tf.schedule.overlap import layer_distances
from tinyengine_tf.target import Target, load_target

MOST_FAILURES = 80
RESULT_BYTES = 4 * (2 + 3 * MOST_FAILURES)
"""What the model's first output must have room for."""


@dataclass(frozen=True)
class Trial:
    """A layer whose output lies `differences` bytes below one input, one after the other."""

    layer: Layer
    under: Tensor
    differences: range

    def __str__(self) -> str:
        op = self.layer.op
        shapes = " ".join("x".join(map(str, t.shape)) for t in (*op.data_inputs, op.output))
        place = op.data_inputs.index(self.under)
        return f"{self.layer.label} {op.KIND} {self.layer.kernel.name} {shapes}, input {place}"


@dataclass(frozen=True)
class Failure:
    """What a trial did at one difference: a wrong output, or other bytes written."""

    trial: Trial
    difference: int
    stray: bool

    def __str__(self) -> str:
        what = "writes beside its output" if self.stray else "gives another output"
        return f"{self.trial}: {what} when that is {self.difference} above the output"


@dataclass(frozen=True)
class Outcome:
    """How many times a layer ran at some difference, with which kernels, and (the first) failures."""

    runs: int
    kernels: frozenset[str]
    failures: list[Failure]


def variants(graph: Graph, target: Target) -> Iterator[Layer]:
    """Every operator with every kernel of the target that can compute it; on Thumb-1 with the preferred one, since C
    for it and portable C define the same functions."""
    index = 0
    for op in graph.ops:
        for kernel in candidates(type(op)):  # type: ignore[arg-type]
            if kernel.refusal(op, target.processor) is None and isinstance(
                lowered := kernel.lower(op, target.processor), Lowered
            ):
                yield Layer(index, op, kernel, lowered, target.processor)
                index += 1
                if target.processor.is_thumb1:
                    break


def trials(distances: Mapping[Layer, Mapping[Tensor, Distance]], every: int) -> list[Trial]:
    """Legal differences at which bytes are shared: the smallest and, `every` elements apart, larger ones."""
    found = []
    for layer, unders in distances.items():
        out = layer.op.output
        for under, distance in unders.items():
            unit = max(out.dtype.nbytes, under.dtype.nbytes)
            first = max(distance.nbytes, 1 - under.nbytes)
            first += -first % unit
            stop = first + 1 if distance.exact else out.nbytes
            if first < out.nbytes:
                found.append(Trial(layer, under, range(first, stop, unit * every)))
    return found


def run_trials(model: bytes, target_name: str, folder: Path, *, every: int = 1, optimize: str = "-O0") -> Outcome:
    """All that a model's operators may overlap."""
    target = load_target(target_name)
    graph = passes.run(api.load_graph(model), io="model")
    tried = trials({layer: layer_distances(layer) for layer in variants(graph, target)}, every)
    arena = apart(graph, target, list(dict.fromkeys(t.layer for t in tried)))
    write_bundle(render(arena, Options()), folder)
    source = folder / "src" / "net.c"
    source.write_text(with_driver(source.read_text(), arena, tried))
    program = compile_network(folder, target, folder / "build", optimize=optimize, extra_cflags=("-fno-inline",))
    sample = [np.zeros(t.shape, t.dtype.numpy) for t in graph.inputs]
    words = run(program, [sample]).outputs[0][0][:RESULT_BYTES].view(np.int32)
    count, failed, found = int(words[0]), int(words[1]), words[2 : 2 + 3 * MOST_FAILURES].reshape(-1, 3)
    failures = [Failure(tried[trial], int(difference), bool(stray)) for trial, difference, stray in found[:failed]]
    return Outcome(count, frozenset(t.layer.kernel.name for t in tried), failures)


def apart(graph: Graph, target: Target, layers: list[Layer]) -> ArenaPlan:
    """A plan in which nothing shares memory with anything; a tensor is computed as often as layers compute it."""
    steps = tuple(Step((layer,)) for layer in layers)
    used = [t for layer in layers for t in (*layer.op.data_inputs, *layer.op.outputs)]
    names = {t: f"t{i}" for i, t in enumerate(dict.fromkeys((*graph.inputs, *graph.outputs, *used))) if not t.const}
    sizes = {name: t.nbytes for t, name in names.items()}
    sizes |= {Liveness.scratch(step): step.scratch_bytes for step in steps if step.scratch_bytes}
    sizes |= {Liveness.state(x): x.layout.state_bytes for x in layers if x.layout.state_bytes}
    offsets, at = {}, 0
    for name, size in sizes.items():
        offsets[name] = at
        at += max(size, 1) + -max(size, 1) % 16
    buffers = tuple(Buffer(name, size, 0, len(steps) or 1, 8) for name, size in sizes.items())
    plan = Plan(Problem(buffers), offsets, at, at, True, "apart")
    return ArenaPlan(Schedule(graph, target, steps), Liveness(plan.problem, names), (Share(plan),))


def with_driver(source: str, arena: ArenaPlan, tried: list[Trial]) -> str:
    """net.c with addresses that are variables in its layers and the trials in place of net_invoke."""
    offsets = sorted(arena.plan.offsets.values())
    number = {offset: i for i, offset in enumerate(offsets)}
    layers, rest = source.split("void net_run(void *memory)")
    layers = re.sub(r"arena \+ (\d+)", lambda found: f"arena + at[{number[int(found[1])]}]", layers)
    head, tail = layers.split('#include "net_weights.h"\n', 1)
    rest = rest.replace("int net_invoke(void)", "int net_invoke_once(void)")
    parts = [head, '#include "net_weights.h"\n#include <string.h>\n', f"static int at[{len(offsets)}];\n", tail]
    return "".join([*parts, "void net_run(void *memory)", rest, driver(arena, number, tried)])


def driver(arena: ArenaPlan, number: dict[int, int], tried: list[Trial]) -> str:
    """C that runs every trial: tables of what each needs, and data for all inputs."""
    rng = np.random.default_rng(7)
    data: dict[Tensor, int] = {}
    content: list[np.ndarray[Any, Any]] = []
    operands: list[tuple[int, int, int]] = []
    rows, largest = [], 0
    for t in tried:
        op, first = t.layer.op, len(operands)
        tensors = (*dict.fromkeys(op.data_inputs), op.output)
        for x in tensors[:-1]:
            if x not in data:
                data[x] = sum(len(c) for c in content)
                content.append(np.frombuffer(random_input(x, rng).tobytes(), np.uint8))
            operands.append((number[arena.offset(x)], x.nbytes, data[x]))
        under = first + tensors.index(t.under)
        working = []
        if t.layer.layout.scratch_bytes:
            step = next(s for s in arena.schedule.steps if s.layers[0] is t.layer)
            working.append((number[arena.scratch(step)[1]], t.layer.layout.scratch_bytes))
        if t.layer.layout.state_bytes:
            working.append((number[arena.state(t.layer)[1]], t.layer.layout.state_bytes))
        largest = max(largest, sum(x.nbytes + 32 for x in tensors) + sum(size + 32 for _, size in working))
        working += [(-1, 0)] * (2 - len(working))
        out = (number[arena.offset(op.output)], op.output.nbytes)
        d = t.differences
        numbers = (first, len(operands), under, *out, *working[0], *working[1], d.start, d.stop, d.step)
        rows.append(f"    {{net_{t.layer.label}, {', '.join(map(str, numbers))}}},")
    values = np.concatenate(content) if content else np.zeros(1, np.uint8)
    return DRIVER.format(
        space=2 * largest + 256,
        data=",".join(map(str, values)),
        operands="\n".join(f"    {{{a}, {b}, {c}}}," for a, b, c in operands),
        trials="\n".join(rows),
        words=RESULT_BYTES // 4,
        failures=MOST_FAILURES,
    )


DRIVER = r"""
static const uint8_t te_data[] = {{{data}}};
static const struct {{ int at, bytes, data; }} te_operands[] = {{
{operands}
}};
static const struct {{
    void (*run)(uint8_t *);
    int first, end, under, out, out_bytes, scratch, scratch_bytes, state, state_bytes, low, stop, step;
}} te_trials[] = {{
{trials}
}};
static union {{ uint64_t align[2]; uint8_t bytes[{space}]; }} te_space, te_before;
static uint8_t te_wanted[{space}];

/* One layer with its output `difference` below the operand `under`, or apart (under < 0); where its output lies. */
static int te_try(int trial, int under, int difference)
{{
    uint8_t *space = te_space.bytes;
    const int out_bytes = te_trials[trial].out_bytes;
    int out = 16 + (difference < 0 ? -difference : 0), top = out + out_bytes;
    for (unsigned i = 0; i < sizeof te_space.bytes; i++)
        space[i] = (uint8_t)(165 + i * 7);
    at[te_trials[trial].out] = out;
    for (int o = te_trials[trial].first; o < te_trials[trial].end; o++)
        if (o == under) {{
            at[te_operands[o].at] = out + difference;
            if (out + difference + te_operands[o].bytes > top)
                top = out + difference + te_operands[o].bytes;
        }}
    for (int o = te_trials[trial].first; o < te_trials[trial].end; o++) {{
        if (o != under) {{
            at[te_operands[o].at] = top = (top + 31) / 16 * 16;
            top += te_operands[o].bytes;
        }}
        memcpy(space + at[te_operands[o].at], te_data + te_operands[o].data, (size_t)te_operands[o].bytes);
    }}
    memcpy(te_before.bytes, space, sizeof te_before.bytes);
    const int working = top = (top + 31) / 16 * 16;
    if (te_trials[trial].scratch >= 0)
        at[te_trials[trial].scratch] = top, top = (top + te_trials[trial].scratch_bytes + 15) / 16 * 16;
    if (te_trials[trial].state >= 0)
        at[te_trials[trial].state] = top, top += te_trials[trial].state_bytes;
    te_trials[trial].run(space);
    memcpy(te_before.bytes + working, space + working, (size_t)(top - working));
    return out;
}}

/* Whether all bytes but the output's are as they were; the output, kept apart for that. */
static int te_strays(int out, int out_bytes, uint8_t *kept)
{{
    memcpy(kept, te_space.bytes + out, (size_t)out_bytes);
    memcpy(te_space.bytes + out, te_before.bytes + out, (size_t)out_bytes);
    return memcmp(te_space.bytes, te_before.bytes, sizeof te_space.bytes) != 0;
}}

int net_invoke(void)
{{
    static uint8_t got[{space}];
    int32_t *words = (int32_t *)net_output(0), *next = words + 2;
    memset(words, 255, {words} * 4);
    words[0] = words[1] = 0;
    for (int trial = 0; trial < (int)(sizeof te_trials / sizeof *te_trials); trial++) {{
        const int out_bytes = te_trials[trial].out_bytes;
        te_strays(te_try(trial, -1, 0), out_bytes, te_wanted);
        for (int d = te_trials[trial].low; d < te_trials[trial].stop; d += te_trials[trial].step) {{
            const int stray = te_strays(te_try(trial, te_trials[trial].under, d), out_bytes, got);
            words[0]++;
            if (!stray && memcmp(got, te_wanted, (size_t)out_bytes) == 0)
                continue;
            words[1]++;
            if (words[1] <= {failures}) {{
                *next++ = trial;
                *next++ = d;
                *next++ = stray;
            }}
        }}
    }}
    return 0;
}}
"""
