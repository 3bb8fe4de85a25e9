"""The choices between RAM and work as a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from tinyengine_tf import templates
from tinyengine_tf.drawing.axis import axis, size_text
from tinyengine_tf.errors import ToolchainError

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 90, 30, 60, 60


@dataclass(frozen=True)
class Choice:
    """One point: memory in bytes, predicted instructions, and what is fused ("" for nothing)."""

    arena_bytes: int
    instructions: int
    fused: str


def front_svg(choices: Sequence[Choice], title: str, budget_bytes: int | None = None) -> str:
    """A staircase from the fastest choice to the leanest: what less memory costs in instructions, in per cent.

    budget_bytes   what the board has; drawn if it is in sight
    """
    across = axis([c.arena_bytes / 1024 for c in choices], LEFT, WIDTH - RIGHT)
    up = axis([more_percent(c, choices) for c in choices], HEIGHT - BOTTOM, TOP)
    points = [(across.at(c.arena_bytes / 1024), up.at(more_percent(c, choices))) for c in choices]
    steps = "".join(f"H{x}V{y}" for x, y in points[1:])
    return (
        templates.environment(("tinyengine_tf", "drawing"), escape=True)
        .get_template("front.svg.j2")
        .render(
            width=WIDTH,
            height=HEIGHT,
            left=LEFT,
            right=WIDTH - RIGHT,
            top=TOP,
            bottom=HEIGHT - BOTTOM,
            title=title,
            path=f"M{points[0][0]} {points[0][1]}{steps}",
            points=[
                (x, y, c, f"{size_text(c.arena_bytes)} ({c.arena_bytes:,} bytes), {c.instructions:,} instructions")
                for (x, y), c in zip(points, choices, strict=True)
            ],
            across=[(across.at(t), size_text(t * 1024)) for t in across.ticks],
            up=[(up.at(t), f"+{t:.3g} %") for t in up.ticks],
            budget=across.at(budget_bytes / 1024)
            if budget_bytes is not None and budget_bytes <= across.high * 1024
            else None,
            fastest=min(c.instructions for c in choices),
        )
    )


def more_percent(choice: Choice, choices: Sequence[Choice]) -> float:
    """Instructions beyond those of the fastest choice."""
    fastest = min(c.instructions for c in choices)
    return 100 * (choice.instructions - fastest) / max(fastest, 1)


def front_png(choices: Sequence[Choice], title: str) -> bytes:
    """The same as PNG. Raises ToolchainError without matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ToolchainError(
            "matplotlib is not installed",
            where="PNG",
            hint="pip install '.[plot]' in tinyengine_tf's folder, or write a file that ends with .svg",
        ) from error
    figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.step(
        [c.arena_bytes / 1024 for c in choices], [more_percent(c, choices) for c in choices], where="post", marker="o"
    )
    axes.set(title=title, xlabel="RAM (KB of 1024 bytes)", ylabel="instructions beyond the fastest, predicted (%)")
    axes.set_xlim(left=0)
    axes.set_ylim(0, max(1.0, axes.get_ylim()[1]))
    axes.grid(alpha=0.3)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=100, metadata={"Software": None})
    return out.getvalue()
