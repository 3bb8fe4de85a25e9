"""ArenaPlan -> report.json's content, and tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinyengine_tf.cost.table import cost_table
from tinyengine_tf.ir import Tensor
from tinyengine_tf.memory.arena import ArenaPlan
from tinyengine_tf.memory.picture import draw
from tinyengine_tf.memory.placement import constants_in
from tinyengine_tf.schedule import Layer, Schedule, Step
from tinyengine_tf.version import VERSION

FORMAT_VERSION = 1
GUESSED = "?"
"""Stands behind instructions that nobody has measured."""


def report(arena: ArenaPlan, name: str) -> dict[str, Any]:
    """Everything about a conversion that a program may want, ready for json.dump. All sizes in bytes."""
    schedule = arena.schedule
    graph, target = schedule.graph, schedule.target
    return {
        "format": FORMAT_VERSION,
        "version": VERSION,
        "name": name,
        "model": {"name": graph.name, **{k: graph.meta[k] for k in ("sha256", "size_bytes") if k in graph.meta}},
        "target": {"name": target.name, "core": target.core, "isa": target.isa},
        "arena_bytes": arena.arena_bytes,
        "arena_lower_bound_bytes": arena.lower_bound_bytes,
        "arena_proven_optimal": arena.optimal,
        "arena_planner": arena.plan.planner,
        **_regions(arena),
        "weights_bytes": weights_bytes(arena),
        "macs": schedule.macs,
        "predicted_instructions": schedule.instructions,
        "predicted_from_measurements": not schedule.guessed,
        "guessed_instructions": schedule.guessed_instructions,
        "guessed_kernels": guessed_kernels(schedule),
        "estimated_cycles": schedule.cycles,
        "estimated_cycles_source": cost_table(target.core).cycles_source or None,
        "estimated_energy_uj": schedule.energy_uj,
        "estimated_energy_source": target.mw_source or None,
        **({"image_bytes_outside": schedule.image.nbytes, "strips": schedule.strips} if schedule.image else {}),
        "inputs": [_port(t) for t in graph.inputs],
        "outputs": [_port(t) for t in graph.outputs],
        "states": [{"name": s.before.name, "bytes": s.before.nbytes} for s in graph.states],
        "layers": [_layer(arena, step, layer) for step in schedule.steps for layer in step.layers],
    }


def _regions(arena: ArenaPlan) -> dict[str, Any]:
    """What lies in which memory region; nothing where none is named and the arena is in one piece."""
    found: dict[str, Any] = {}
    if any(share.region is not None for share in arena.shares):
        found["arena_regions"] = [
            {
                "region": share.place,
                "bytes": share.plan.peak_bytes,
                "lower_bound_bytes": share.plan.lower_bound_bytes,
                "proven_optimal": share.plan.optimal,
                "size_bytes": share.region and share.region.size_bytes,
            }
            for share in arena.shares
        ]
        found["arena_split_proven"] = len(arena.shares) == 1 or arena.cheapest
    if arena.constants:
        found["weights_regions"] = [
            {"region": "default" if region is None else region.name, "bytes": nbytes}
            for region, nbytes in constants_in(arena).items()
        ]
    return found


def weights_bytes(arena: ArenaPlan) -> int:
    """Constants of all layers: weights, biases, requantisation, lookup tables. Before equal arrays are merged, but
    those that the strips of a layer share count once."""
    return sum(arena.schedule.constant_bytes.values())


def _port(tensor: Tensor) -> dict[str, Any]:
    quant = tensor.quant if tensor.quant and not tensor.quant.per_channel else None
    return {
        "name": tensor.name,
        "shape": list(tensor.shape),
        "dtype": tensor.dtype.tflite_name,
        "bytes": tensor.nbytes,
        "scale": quant and quant.scale,
        "zero_point": quant and quant.zero_point,
    }


def _layer(arena: ArenaPlan, step: Step, layer: Layer) -> dict[str, Any]:
    op = layer.op
    return {
        "layer": layer.label,
        "op": op.KIND,
        "name": op.name,
        "tflite_ops": list(op.source),
        "kernel": layer.kernel.name,
        "why": layer.kernel.why,
        "macs": op.macs,
        "predicted_instructions": round(step.instructions_of(layer)),
        "measured": layer.prediction.measured,
        "weights_bytes": layer.table_bytes,
        "scratch_bytes": layer.layout.scratch_bytes,
        "inputs": [_placed(arena, t) for t in op.data_inputs],
        "outputs": [_placed(arena, t) for t in op.outputs],
    }


def _placed(arena: ArenaPlan, tensor: Tensor) -> dict[str, Any]:
    about = {"name": tensor.name, "shape": list(tensor.shape), "bytes": tensor.nbytes}
    if arena.schedule.outside(tensor):
        return {**about, "outside": True}
    where = {"region": arena.share(tensor).place} if arena.share(tensor).region is not None else {}
    return {**about, **where, "offset": arena.offset(tensor)}


def place_text(arena: ArenaPlan, step: Step, tensor: Tensor) -> str:
    """Where a tensor lies: its bytes in the arena, or how many of its rows are kept; the region where one is named."""
    at, ring = arena.offset(tensor), step.rings.get(tensor)
    region = f"{arena.share(tensor).place} " if arena.share(tensor).region is not None else ""
    if tensor in step.parts:
        return f"{region}{columns_text(step, tensor)} at {at:,}"
    if ring is None:
        return f"{region}[{at:,}, {at + tensor.nbytes:,})"
    row = f"{region}{ring.rows} row{'s' if ring.rows > 1 else ''} of {tensor.shape[1]}"
    return f"{row} at {at:,}" + ("" if ring.owner is tensor else ", in place")


def columns_text(step: Step, part: Tensor) -> str:
    """Which columns of the whole a strip has."""
    first, whole = step.parts[part].column, step.parts[part].whole
    return f"columns {first} to {first + part.shape[2] - 1} of {whole.shape[2]}"


def table(rows: Sequence[Sequence[object]], heads: Sequence[str]) -> str:
    """Columns of text, numbers to the right."""
    texts = [[f"{c:,}" if isinstance(c, int) else str(c) for c in row] for row in rows]
    widths = [max(len(h), *(len(r[i]) for r in texts)) if texts else len(h) for i, h in enumerate(heads)]
    right = [bool(rows) and all(isinstance(r[i], int | float) for r in rows) for i in range(len(heads))]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(cells, widths, right, strict=True)).rstrip()

    return "\n".join([line(heads), line(["-" * w for w in widths]), *map(line, texts)])


def layer_table(arena: ArenaPlan) -> str:
    """One line a layer: kernel, shapes, MACs, flash, place in the arena."""
    rows = [
        (
            layer.label,
            layer.op.KIND,
            layer.kernel.name,
            "x".join(map(str, layer.op.output.shape)),
            layer.op.macs,
            layer.table_bytes,
            place_text(arena, step, layer.op.output),
        )
        for step in arena.schedule.steps
        for layer in step.layers
    ]
    return table(rows, ("layer", "operator", "kernel", "output", "MACs", "flash", "arena"))


def explain(arena: ArenaPlan) -> str:
    """For each layer the kernel chosen, why, what it should take, and each one passed over, with its reason."""
    lines = []
    for step in arena.schedule.steps:
        for layer in step.layers:
            shape = "x".join(map(str, layer.op.output.shape))
            lines.append(f"{layer.label}  {layer.op.KIND} -> {shape}  {layer.op.name!r}")
            lines.append(f"     takes  {layer.kernel.name}: {layer.kernel.why}")
            lines.append(f"     about  {layer_instructions(step, layer)} instructions")
            lines.extend(f"     not    {name}: {reason}" for name, reason in layer.rejected)
    return "\n".join([*lines, *guess_lines(arena.schedule)])


def layer_instructions(step: Step, layer: Layer) -> str:
    """Predicted for a layer of a step, marked where it is a guess."""
    return f"{step.instructions_of(layer):,.0f}{'' if layer.prediction.measured else GUESSED}"


def all_instructions(schedule: Schedule) -> str:
    """Predicted for one inference, marked where a part of it is a guess."""
    return f"{schedule.instructions:,}{GUESSED if schedule.guessed else ''}"


def guessed_kernels(schedule: Schedule) -> list[str]:
    """Kernels in use that nobody has measured on the core."""
    return sorted({layer.kernel.name for layer in schedule.guessed})


def guess_lines(schedule: Schedule) -> list[str]:
    """What the mark means: a sentence, or nothing where all is measured."""
    core, kernels = schedule.target.core, guessed_kernels(schedule)
    if not kernels:
        return []
    if not cost_table(core).is_measured:
        return [f"{GUESSED} nothing was measured on {core}: the prediction is a guess, good for comparing networks"]
    share = f"{schedule.guessed_instructions:,} of the instructions are a guess"
    return [f"{GUESSED} {share}: nobody has measured {', '.join(kernels)} on {core}"]


def summary(arena: ArenaPlan) -> str:
    """The figures of a conversion in a few lines."""
    return "\n".join(
        [
            f"arena    {arena.arena_bytes:>10,} bytes of RAM ({proof_text(arena)})",
            *(f"  {s.place:<12}{s.plan.peak_bytes:>10,} of {s.region.size_bytes:,}" for s in arena.shares if s.region),
            *_image_lines(arena.schedule),
            f"weights  {weights_bytes(arena):>10,} bytes of flash",
            *(f"  {r.name:<12}{n:>10,} of {r.size_bytes:,}" for r, n in constants_in(arena).items() if r is not None),
            f"work     {arena.schedule.macs:>10,} multiply-accumulates, "
            f"about {all_instructions(arena.schedule)} instructions predicted",
            *(f"         {line}" for line in guess_lines(arena.schedule)),
            *_time_lines(arena.schedule),
        ]
    )


def _image_lines(schedule: Schedule) -> list[str]:
    """The image that lies outside the arena, if one does, and in how many strips it is read."""
    if schedule.image is None:
        return []
    strips = schedule.strips
    how = f"read in {strips} strips of columns" if strips else "read by rows"
    return [f"image    {schedule.image.nbytes:>10,} bytes, where the caller has them; {how}"]


def _time_lines(schedule: Schedule) -> list[str]:
    """Cycles, milliseconds and energy where timings are documented; estimates, and called so."""
    if schedule.cycles is None:
        return []
    target = schedule.target
    parts = [f"time     {schedule.cycles:>10,} cycles estimated"]
    if target.clock_hz is not None:
        parts.append(f"{1000 * schedule.cycles / target.clock_hz:.3g} ms at {target.clock_hz / 1e6:g} MHz")
    if schedule.energy_uj is not None:
        parts.append(f"{schedule.energy_uj:,.0f} uJ ({target.mw_source})")
    return [", ".join(parts), f"         from {cost_table(target.core).cycles_source}"]


def proof_text(arena: ArenaPlan) -> str:
    """What is proven of an arena's size; of a split one each region's share, and whether the split is the best."""
    if len(arena.shares) == 1:
        return "proven minimal" if arena.optimal else f"at least {arena.lower_bound_bytes:,} needed"
    shares = "each share proven minimal" if arena.optimal else "shares not all proven minimal"
    return (
        f"in {len(arena.shares)} regions; {shares}; {'proven best split' if arena.cheapest else 'split by heuristic'}"
    )


def plan_picture(arena: ArenaPlan) -> str:
    """Buffers over addresses and steps, as text: one picture, or one for each memory region."""
    labels = {i: step.label for i, step in enumerate(arena.schedule.steps)}
    pictures = []
    for share in arena.shares:
        region = share.region
        head = [] if region is None else [f"{region.name}, {share.plan.peak_bytes:,} of {region.size_bytes:,} bytes"]
        pictures.append("\n".join([*head, draw(share.plan, labels=labels)]))
    return "\n\n".join(pictures)


def pareto_rows(points: Sequence[Any]) -> list[dict[str, Any]]:
    """Choices between RAM and work (estimates, fastest first) as data."""
    fastest = min((p.instructions for p in points), default=1)
    return [
        {
            "arena_bytes": p.arena_bytes,
            "instructions": p.instructions,
            "beyond_fastest": p.instructions / max(fastest, 1) - 1,
            "guessed_instructions": p.arena.schedule.guessed_instructions,
            "proven_minimal": p.arena.optimal,
            "pipelines": [step.label for step in p.arena.schedule.steps if step.fused],
            "steps": [step.label for step in p.arena.schedule.steps],
        }
        for p in points
    ]


def pareto_table(points: Sequence[Any]) -> str:
    """The same for people."""
    rows = [
        (
            row["arena_bytes"],
            f"{row['instructions']:,}{GUESSED}" if row["guessed_instructions"] else row["instructions"],
            f"{100 * row['beyond_fastest']:+.2f} %",
            " ".join(label.replace("_", "-") for label in row["pipelines"]) or "none: layer by layer",
        )
        for row in pareto_rows(points)
    ]
    text = table(rows, ("RAM bytes", "instructions", "more", "row pipelines"))
    return "\n".join([text, *(line for p in points[-1:] for line in guess_lines(p.arena.schedule))])


def plan_dict(arena: ArenaPlan) -> dict[str, Any]:
    """The memory plan as data."""
    named = any(share.region is not None for share in arena.shares)
    return {
        "peak_bytes": arena.arena_bytes,
        "lower_bound_bytes": arena.lower_bound_bytes,
        "proven_optimal": arena.optimal,
        "planner": arena.plan.planner,
        **_regions(arena),
        "steps": [step.label for step in arena.schedule.steps],
        "rings": {
            layer.label: step.rings[layer.op.output].rows
            for step in arena.schedule.steps
            for layer in step.layers
            if layer.op.output in step.rings
        },
        "buffers": [
            {
                "name": b.name,
                **({"region": share.place} if named else {}),
                "offset": share.plan.offsets[b.name],
                "bytes": b.size_bytes,
                "start": b.start,
                "end": b.end,
            }
            for share in arena.shares
            for b in share.plan.problem.buffers
        ],
        "overlaps": [
            {"output": o.over, "input": o.under, "distance": o.distance, "exact": o.exact}
            for share in arena.shares
            for o in share.plan.problem.overlaps
        ],
    }


def verification(figures: dict[str, Any]) -> str:
    """The outcome of verify() as a short list."""
    compared = f"{figures['samples']} samples" + (
        f", {figures['layers_compared']} layer outputs" if figures["layers_compared"] else ""
    )
    outcome = "EXACT" if figures["exact"] else "CLOSE" if figures["close"] else "DIFFERENT"
    because = f", because {figures['reference_because']}" if figures["reference_because"] else ""
    lines = [f"{outcome}  {compared}, {figures['target']} against {figures['reference']}{because}"]
    if figures["difference"]:
        lines.append(f"  first difference: {figures['difference']}")
    if figures["units_in_last_place"]:
        units = f"{figures['units_in_last_place']:,}"
        lines.append(f"  outputs are up to {units} units in the last place from TFLM's, after a C library's functions")
    if figures["instructions"] is not None:
        per_mac = f" ({figures['instructions'] / figures['macs']:.2f} per MAC)" if figures["macs"] else ""
        lines.append(f"  instructions  {figures['instructions']:>12,}{per_mac}, executed under QEMU: not cycles")
        lines.append(
            f"  RAM           {figures['static_ram_bytes']:>12,} bytes, of which arena {figures['arena_bytes']:,}; "
            f"stack {figures['stack_bytes']:,} more"
        )
    else:
        lines.append(
            f"  RAM           {figures['static_ram_bytes']:>12,} bytes, of which arena {figures['arena_bytes']:,}"
        )
    lines.append(
        f"  flash         {figures['flash_bytes']:>12,} bytes: code {figures['code_bytes']:,}, "
        f"constants {figures['constants_bytes']:,}"
    )
    return "\n".join(lines)
