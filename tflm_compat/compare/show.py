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
    """One quantity of all sides; `note` says what is special about TFLM's. A value is None when not measured.

    ours   generated code through its own API; shim: through TFLM's, from the source that TFLM was given.
    """

    title: str
    unit: str
    tflm: int | None
    ours: int | None
    shim: int | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times as much TFLM needs."""
        return self.tflm / self.ours if self.tflm and self.ours else None


def figures(comparison: Comparison) -> list[Figure]:
    here = "" if comparison.measured_tflm else "measured on this host, where pointers have 8 bytes"
    file = "" if comparison.measured_tflm else "the model file alone, without interpreter and kernels"

    def figure(title: str, unit: str, attribute: str, note: str = "") -> Figure:
        sides = (comparison.tflm, comparison.ours, comparison.shim)
        tflm, ours, shim = (getattr(side, attribute, None) for side in sides)
        return Figure(title, unit, tflm, ours, shim, note)

    return [
        figure("RAM: arena", "bytes", "arena_bytes", here),
        figure("RAM: interpreter, resolver", "bytes", "objects_bytes"),
        figure("RAM: stack", "bytes", "stack_bytes"),
        figure("Flash", "bytes", "flash_bytes", file),
        figure("Set-up", "instructions", "init_instructions"),
        figure("Inference", "instructions", "instructions"),
        figure("Inference on this host", "ns", "host_ns", "TFLM's portable reference kernels"),
    ]


def verdict(comparison: Comparison) -> str:
    c = comparison
    compared = sum(layer.equal is not None for layer in c.layers)
    if c.exact:
        shim = " The same source gives these outputs with the shim, too." if c.shim is not None else ""
        return f"Equal bit for bit: all outputs of {c.samples} samples and all {compared} layers that both hold.{shim}"
    return f"Different: {c.difference}."


def as_text(comparison: Comparison) -> str:
    c = comparison
    shim = ("same source",) if c.shim is not None else ()
    rows = [
        (
            f.title,
            f.unit,
            _number(f.tflm),
            *(_number(f.shim) for _ in shim),
            _number(f.ours),
            f"{f.ratio:.2f}x" if f.ratio else "",
            f.note,
        )
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
            table(rows, ("", "unit", "TFLM", *shim, "generated", "TFLM/gen.", "about TFLM's")),
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
    for name in ("ours", "tflm", "shim"):
        side = getattr(comparison, name)
        if side is not None:
            result[name]["flash_bytes"] = side.flash_bytes
    return result


def as_html(comparison: Comparison) -> str:
    """A page with plots drawn as SVG; it loads nothing."""
    c = comparison
    sides = [side for side in (c.tflm, c.shim, c.ours) if side is not None]
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
            flashes=[(side.name, [(n, b) for n, b in side.flash_parts.items() if b]) for side in sides],
        )
    )


@cache
def _environment() -> jinja2.Environment:
    """Escapes what comes from the model file."""
    environment = templates.environment(("tflm_compat", "templates"), escape=True)
    environment.filters["thousands"] = _number
    return environment
