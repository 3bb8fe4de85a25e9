"""A Comparison as text for a terminal, as JSON, and as one HTML page that needs nothing else."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import jinja2

from tflm_compat.compare.measure import Comparison
from tinyengine_tf import templates
from tinyengine_tf.report import table


@dataclass(frozen=True)
class Figure:
    """One quantity of both sides; `note` says what is special about TFLM's. A value is None when not measured."""

    title: str
    unit: str
    tflm: int | None
    ours: int | None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times as much TFLM needs."""
        return self.tflm / self.ours if self.tflm and self.ours else None


def figures(comparison: Comparison) -> list[Figure]:
    c, tflm, ours = comparison, comparison.tflm, comparison.ours
    here = "" if c.measured_tflm else "measured on this host, where pointers have 8 bytes"
    return [
        Figure("RAM: arena", "bytes", tflm.arena_bytes, ours.arena_bytes, here),
        Figure("RAM: stack", "bytes", tflm.stack_bytes, ours.stack_bytes),
        Figure(
            "Flash",
            "bytes",
            tflm.flash_bytes,
            ours.flash_bytes,
            "" if c.measured_tflm else "the model file alone, without interpreter and kernels",
        ),
        Figure("Set-up", "instructions", tflm.init_instructions, ours.init_instructions),
        Figure("Inference", "instructions", tflm.instructions, ours.instructions),
        Figure("Inference on this host", "ns", tflm.host_ns, ours.host_ns, "TFLM's portable reference kernels"),
    ]


def verdict(comparison: Comparison) -> str:
    c = comparison
    compared = sum(layer.equal is not None for layer in c.layers)
    if c.exact:
        return f"Equal bit for bit: all outputs of {c.samples} samples and all {compared} layers that both hold."
    return f"Different: {c.difference}."


def as_text(comparison: Comparison) -> str:
    c = comparison
    rows = [
        (f.title, f.unit, _number(f.tflm), _number(f.ours), f"{f.ratio:.2f}x" if f.ratio else "", f.note)
        for f in figures(c)
    ]
    layers = [
        (
            x.label,
            x.op,
            x.kernel,
            x.macs,
            x.instructions if x.instructions is not None else 0,
            {True: "equal", False: "DIFFERS", None: "-"}[x.equal],
        )
        for x in c.layers
    ]
    parts = [(name, size) for name, size in c.tflm.arena_parts.items() if size]
    return "\n".join(
        [
            f"{c.model} on {c.title}: TFLM beside generated code",
            verdict(c),
            "",
            table(rows, ("", "unit", "TFLM", "generated", "TFLM/gen.", "about TFLM's")),
            "",
            "TFLM's arena, by its own account on this host:",
            table(parts, ("part", "bytes")),
            "",
            table(layers, ("layer", "operator", "kernel", "MACs", "instructions", "output")),
        ]
    )


def _number(value: int | None) -> str:
    return "not measured" if value is None else f"{value:,}"


def as_dict(comparison: Comparison) -> dict[str, Any]:
    """Ready for json.dump."""
    result = asdict(comparison)
    for side in ("ours", "tflm"):
        result[side]["flash_bytes"] = getattr(comparison, side).flash_bytes
    return result


def as_html(comparison: Comparison) -> str:
    """A page with plots drawn as SVG; it loads nothing."""
    c = comparison
    heaviest = max((layer.instructions or layer.macs for layer in c.layers), default=1) or 1
    return (
        _environment()
        .get_template("compare.html.j2")
        .render(
            c=c,
            verdict=verdict(c),
            figures=[f for f in figures(c) if f.tflm is not None or f.ours is not None],
            heaviest=heaviest,
            arenas=[(side.name, [(n, b) for n, b in side.arena_parts.items() if b]) for side in (c.tflm, c.ours)],
            flashes=[(side.name, [(n, b) for n, b in side.flash_parts.items() if b]) for side in (c.tflm, c.ours)],
        )
    )


@cache
def _environment() -> jinja2.Environment:
    """Escapes what comes from the model file."""
    environment = templates.environment(("tflm_compat", "templates"), escape=True)
    environment.filters["thousands"] = _number
    return environment
