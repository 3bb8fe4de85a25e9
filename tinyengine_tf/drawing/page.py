"""ArenaPlan -> a page that shows who lives where and when, to scale; it needs nothing but a browser.

Steps run from left to right, addresses from bottom to top. A buffer is a rectangle; rings are striped, one stripe a
row; hatching marks bytes that an output takes over from an input while that is consumed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tinyengine_tf import templates
from tinyengine_tf.drawing.axis import Axis, axis, size_text
from tinyengine_tf.ir import Tensor
from tinyengine_tf.memory.arena import ArenaPlan, Share
from tinyengine_tf.memory.problem import Buffer
from tinyengine_tf.report import (
    all_instructions,
    columns_text,
    guess_lines,
    layer_instructions,
    place_text,
    proof_text,
    weights_bytes,
)
from tinyengine_tf.schedule import Step

HEIGHT, LEFT, TOP = 420, 70, 16
COLUMN_PIXELS = (14, 64)
"""Narrowest and widest column of a step."""
WIDTH = 1080


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels with a class, a short text inside (if there is room), a long one when pointed at."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    label: str
    text: str
    stripes: tuple[float, ...] = ()


def plan_page(arena: ArenaPlan, title: str) -> str:
    """The HTML page of a plan; of a split arena it shows each memory region."""
    budget = sum(region.size_bytes for region in arena.allowed) or None
    return (
        templates.environment(("tinyengine_tf", "drawing"), escape=True)
        .get_template("plan.html.j2")
        .render(
            title=title,
            arena=arena,
            proof=proof_text(arena),
            target=arena.schedule.target,
            graph=arena.schedule.graph,
            instructions=all_instructions(arena.schedule),
            guesses=guess_lines(arena.schedule),
            flash_bytes=weights_bytes(arena),
            size=size_text,
            budget=budget,
            left=LEFT,
            top=TOP,
            bottom=TOP + HEIGHT,
            height=HEIGHT,
            views=[View(arena, share) for share in arena.shares],
        )
    )


class View:
    """Geometry and texts of one plan: of the whole arena or of its share in one region."""

    def __init__(self, arena: ArenaPlan, share: Share):
        self.arena, self.share, self.plan = arena, share, share.plan
        steps = len(arena.schedule.steps)
        self.column = min(max(WIDTH / max(steps, 1), COLUMN_PIXELS[0]), COLUMN_PIXELS[1])
        self.right = LEFT + self.column * steps
        room = share.region.size_bytes if share.region is not None else arena.schedule.target.one_piece_bytes
        in_sight = room if room is not None and room <= 2 * self.plan.peak_bytes else None
        highest = max(self.plan.peak_bytes, in_sight or 0) / 1024
        self.up: Axis = axis([highest], TOP + HEIGHT, TOP, least=1 / 64, count=5)
        self.ticks = [(self.up.at(t), size_text(t * 1024)) for t in self.up.ticks]
        self.room_y = None if in_sight is None else self.up.at(in_sight / 1024)
        self.peak_y = self.up.at(self.plan.peak_bytes / 1024)
        self.owner = {name: tensor for tensor, name in arena.live.buffer_of.items()}
        self.rings = {t: (step, ring) for step in arena.schedule.steps for t, ring in step.rings.items()}

    def boxes(self) -> Iterator[Box]:
        """All buffers, large ones first so that small ones lie on top."""
        for b in sorted(self.plan.problem.buffers, key=lambda b: -b.size_bytes * (b.end - b.start)):
            if b.size_bytes:
                at = self.plan.offsets[b.name]
                yield self._box(
                    b.start, b.end, at, at + b.size_bytes, self._kind(b), b.name, self._about(b), self._rows(b)
                )

    def shared(self) -> Iterator[Box]:
        """Where an output lies over an input that it consumes."""
        plan = self.plan
        by_name = plan.problem.by_name
        for overlap in plan.problem.overlaps:
            over, under = by_name[overlap.over], by_name[overlap.under]
            low = max(plan.offsets[over.name], plan.offsets[under.name])
            high = min(plan.end_of(over), plan.end_of(under))
            first, last = max(over.start, under.start), min(over.end, under.end)
            if low < high and first < last:
                side = "below" if overlap.distance >= 0 else "above" if overlap.exact else "above at most"
                text = (
                    f"{over.name} takes {high - low:,} bytes over from {under.name} while that is consumed; "
                    f"it stays {abs(overlap.distance):,} bytes {'exactly' if overlap.exact else 'or more'} {side}"
                )
                yield self._box(first, last, low, high, "shared", "", text)

    def columns(self) -> Iterator[dict[str, Any]]:
        """Per step its place, name, what runs, the highest address in use, and its share of the work."""
        plan, steps = self.plan, self.arena.schedule.steps
        total = sum(step.instructions for step in steps) or 1.0
        for index, step in enumerate(steps):
            live = plan.problem.live_at(index)
            used = max((plan.end_of(b) for b in live if b.size_bytes), default=0)
            yield {
                "x": round(LEFT + index * self.column, 2),
                "label": step.label.replace("_", "–"),
                "used_y": self.up.at(used / 1024),
                "used": used,
                "live": plan.problem.live_bytes(index),
                "share": step.instructions / total,
                "text": step_text(step),
                "fused": step.fused,
                "peak": used == plan.peak_bytes,
            }

    def layers(self) -> Iterator[dict[str, Any]]:
        """Rows of the table of layers, which is the same for all regions."""
        for step in self.arena.schedule.steps:
            for position, layer in enumerate(step.layers):
                yield {
                    "layer": layer,
                    "step": step,
                    "first": position == 0,
                    "shape": "x".join(map(str, layer.op.output.shape)),
                    "place": place_text(self.arena, step, layer.op.output),
                    "instructions": layer_instructions(step, layer),
                }

    def _box(
        self, first: int, last: int, low: int, high: int, kind: str, label: str, text: str, rows: tuple[int, ...] = ()
    ) -> Box:
        y = self.up.at(high / 1024)
        width, height = (last - first) * self.column, self.up.at(low / 1024) - y
        fits = height >= 12 and width >= 7 * len(label) + 6
        stripes = tuple(self.up.at(r / 1024) for r in rows)
        return Box(
            round(LEFT + first * self.column, 2),
            y,
            round(width, 2),
            round(height, 2),
            kind,
            label if fits else "",
            text,
            stripes,
        )

    def _kind(self, buffer: Buffer) -> str:
        tensor, graph = self.owner.get(buffer.name), self.arena.schedule.graph
        if tensor is None:
            return "work"
        if tensor in self.rings:
            return "ring"
        ends = {self.arena.schedule.owner(t)[0] for t in graph.results}
        return "input" if tensor in graph.sources else "output" if tensor in ends else "tensor"

    def _rows(self, buffer: Buffer) -> tuple[int, ...]:
        """Addresses at which the rows of a ring begin."""
        tensor = self.owner.get(buffer.name)
        if tensor not in self.rings:
            return ()
        ring, at = self.rings[tensor][1], self.plan.offsets[buffer.name]
        return tuple(at + k * ring.pitch_bytes for k in range(1, ring.places))

    def _about(self, b: Buffer) -> str:
        at = self.plan.offsets[b.name]
        tensor = self.owner.get(b.name)
        what = "working memory of a kernel"
        if tensor is not None:
            what = f"{tensor_text(tensor)} “{tensor.name}”"
            if tensor in self.rings:
                ring = self.rings[tensor][1]
                guests = [g for g, (_, r) in self.rings.items() if r.owner is tensor and g is not tensor]
                inside = f", which hold rows of {', '.join(map(tensor_text, guests))} before" if guests else ""
                what = f"ring of {ring.rows} row{'s' if ring.rows > 1 else ''} of {what}{inside}"
        steps = self.arena.schedule.steps
        when = steps[b.start].label if b.end - b.start == 1 else f"{steps[b.start].label} to {steps[b.end - 1].label}"
        place = f"{b.size_bytes:,} bytes at [{at:,}, {at + b.size_bytes:,})"
        return f"{b.name}: {what}; {place}, alive in {when.replace('_', '–')}"


def tensor_text(tensor: Tensor) -> str:
    return f"{tensor.dtype.tflite_name.lower()} {'x'.join(map(str, tensor.shape)) or 'scalar'}"


def step_text(step: Step) -> str:
    names = [f"{layer.label} {layer.op.KIND}" for layer in step.layers]
    if not step.fused:
        return names[0]
    how = ", as input rows arrive" if step.fed is not None else ""
    if step.layers[0].strip is not None:
        how = f", {columns_text(step, step.outputs[0])} of the last output"
    return f"row by row{how}: {', '.join(names)}"
