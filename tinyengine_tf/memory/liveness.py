"""Schedule -> Problem: how long each tensor lives, and how far an output may reach into an input.

A buffer lives from the step that writes it to the last step that reads it. Graph inputs live
from the start, graph outputs to the end, states all the time. Rings and scratch memory live for their own step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tinyengine_tf.ir import Tensor
from tinyengine_tf.memory.problem import Buffer, Overlap, Problem
from tinyengine_tf.schedule import Layer, Schedule, Step
from tinyengine_tf.schedule.distance import Distance, strictest


@dataclass(frozen=True)
class Liveness:
    """The planning problem of a schedule, and which buffer holds each owner tensor or ring."""

    problem: Problem
    buffer_of: Mapping[Tensor, str]

    @staticmethod
    def scratch(step: Step) -> str:
        return f"{step.label}.scratch"

    @staticmethod
    def state(layer: Layer) -> str:
        return f"{layer.label}.state"


def liveness(schedule: Schedule) -> Liveness:
    """Lifetimes in steps, half-open, and the legal overlaps of every step."""
    end = len(schedule.steps)
    names: dict[Tensor, str] = {}
    start: dict[Tensor, int] = {}
    last: dict[Tensor, int] = {}
    extra: list[Buffer] = []

    def live(tensor: Tensor, name: str, step: int) -> None:
        owner, _ = schedule.owner(tensor)
        if owner.const or owner is schedule.image:
            return
        names.setdefault(owner, name)
        start[owner] = min(start.get(owner, step), step)
        last[owner] = max(last.get(owner, step), step)

    def ring(tensor: Tensor, name: str, step: int) -> None:
        size = schedule.steps[step].ring_bytes(tensor)
        if size:
            names[tensor] = f"{name}.ring"
            extra.append(Buffer(names[tensor], size, step, step + 1))

    for i, t in enumerate(schedule.graph.inputs):
        if schedule.fed is t:
            ring(t, f"input{i}", 0)
        else:
            live(t, f"input{i}", 0)
    for i, state in enumerate(schedule.graph.states):
        live(state.before, f"state{i}", 0)
        live(state.before, "", max(end - 1, 0))
    for index, step in enumerate(schedule.steps):
        for layer in step.layers:
            for t in layer.op.data_inputs:
                if t not in step.rings:
                    live(t, "", index)
            for i, t in enumerate(layer.op.outputs):
                name = f"{layer.label}.out{i}" if len(layer.op.outputs) > 1 else layer.label
                if t in step.rings:
                    ring(t, name, index)
                else:
                    live(t, name, index)
            if layer.layout.state_bytes:
                extra.append(Buffer(Liveness.state(layer), layer.layout.state_bytes, index, index + 1))
        if step.scratch_bytes:
            extra.append(Buffer(Liveness.scratch(step), step.scratch_bytes, index, index + 1))
    for t in schedule.graph.results:
        live(t, "", max(end - 1, 0))

    buffers = [Buffer(names[t], t.nbytes, start[t], last[t] + 1, max(4, t.dtype.nbytes)) for t in start]
    lasting = (*schedule.graph.results, *(s.before for s in schedule.graph.states))
    kept = {schedule.owner(t)[0] for t in lasting}
    dying = {t: step for t, step in last.items() if t not in kept}
    overlaps = [
        o
        for index, step in enumerate(schedule.steps)
        for o in step_overlaps(schedule, step, index, names, start, dying)
    ]
    return Liveness(Problem((*buffers, *extra), tuple(overlaps)), names)


def step_overlaps(
    schedule: Schedule,
    step: Step,
    index: int,
    names: Mapping[Tensor, str],
    start: Mapping[Tensor, int],
    dying: Mapping[Tensor, int],
) -> list[Overlap]:
    """Pairs (output over input) for the inputs that die in this step.

    dying   owner -> the last step that reads it; graph outputs and states never die, not even in the last step

    Several views of one input are as strict as all of them; a view without a distance forbids overlap.
    """
    if len(step.outputs) != 1:
        return []
    out, into = schedule.owner(step.outputs[0])
    if start[out] < index:  # the output joins others that are there already
        return []
    distances: dict[Tensor, list[Distance | None]] = {}
    for layer in step.layers:
        for t in layer.op.data_inputs:
            owner, offset = schedule.owner(t)
            if t not in step.rings and owner is not out and dying.get(owner) == index:
                distance = step.distances.get(t)
                distances.setdefault(owner, []).append(None if distance is None else distance.moved(into - offset))
    legal = {t: strictest(found) for t, found in distances.items()}
    return [Overlap(names[out], names[t], d.nbytes, d.exact) for t, d in legal.items() if d is not None]
