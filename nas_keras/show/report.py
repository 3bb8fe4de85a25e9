"""What a search found -> one HTML page without outside references: numbers, curves, the network, its memory."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nas_keras.search.tinynas import SpaceStats
from tinyengine_tf import estimate
from tinyengine_tf.report import layer_table, plan_picture

WIDTH, HEIGHT, MARGIN = 640, 300, 48
COLORS = ("#1b6ca8", "#c8553d", "#2f855a", "#8e44ad", "#b7791f", "#4a5568")
STYLE = """body{font:15px/1.5 sans-serif;max-width:1000px;margin:2em auto;padding:0 1em;color:#222}
pre{background:#f6f6f4;padding:1em;overflow-x:auto;font-size:12px;line-height:1.25}
td,th{padding:.2em .8em;text-align:right}td:first-child,th:first-child{text-align:left}
svg text{font:11px sans-serif;fill:#444}figure{margin:1em 0}figcaption{color:#666}"""

Point = tuple[float, float]


@dataclass(frozen=True)
class Candidate:
    """A network that was compared; `fitness` is its accuracy inside the super-network."""

    macs: int
    fitness: float
    chosen: bool


def render(
    tflite: bytes,
    target: str,
    *,
    texts: Sequence[str],
    spaces: Sequence[SpaceStats],
    space: str,
    candidates: Sequence[Candidate],
    history: Mapping[str, Sequence[Mapping[str, float]]],
) -> str:
    """The page: `texts` first, then spaces of which `space` was chosen, candidates, epochs and the file's layers."""
    arena = estimate(tflite, target=target, optimize="ram", exact=True).arena
    parts = [
        "<h1>A network for " + html.escape(target) + "</h1>",
        *(f"<pre>{html.escape(text)}</pre>" for text in texts if text),
        "<h2>Search spaces</h2>",
        _spaces(spaces, space),
        "<h2>Candidates</h2>",
        _candidates(candidates),
        "<h2>Training</h2>",
        _training(history),
        "<h2>Layer by layer</h2>",
        f"<pre>{html.escape(layer_table(arena))}</pre>",
        "<h2>Memory over time</h2>",
        f"<pre>{html.escape(plan_picture(arena))}</pre>",
    ]
    title = f"Network for {html.escape(target)}"
    return (
        f"<!doctype html><meta charset=utf-8><title>{title}</title><style>{STYLE}</style>\n" + "\n".join(parts) + "\n"
    )


def _spaces(stats: Sequence[SpaceStats], chosen: str) -> str:
    ranked = sorted((s for s in stats if s.satisfying), key=lambda s: -s.mean_macs)[:6]
    curves = [(s.name, [(m / 1e6, q / 100) for q, m in enumerate(s.macs)]) for s in ranked if s.macs]
    rows = "".join(
        f"<tr><td>{'<b>' if s.name == chosen else ''}{s.name}<td>{s.mean_macs / 1e6:.2f}<td>{s.p80_macs / 1e6:.2f}"
        f"<td>{s.satisfying}<td>{s.drawn}<td>{', '.join(f'{k} {v}' for k, v in s.rejected) or '-'}"
        for s in ranked
    )
    head = "<tr><th>space<th>mean MMACs<th>80 % quantile<th>fit<th>drawn<th>rejected by"
    figure = _figure(curves, "MMACs of the networks that fit", "share of networks", lines=True)
    return (
        figure
        + f"<table>{head}{rows}</table><p>Of the spaces whose networks fit, the one that computes most is chosen.</p>"
    )


def _candidates(candidates: Sequence[Candidate]) -> str:
    points = [(c.macs / 1e6, c.fitness) for c in candidates]
    front = pareto(points)
    chosen = [point for point, c in zip(points, candidates, strict=True) if c.chosen]
    curves = [("candidates", points), ("front", front), ("chosen", chosen)]
    note = f"<p>{len(points)} networks, compared inside the super-network; {len(front)} of them on the front.</p>"
    return _figure(curves, "MMACs", "accuracy", lines=False) + note


def pareto(points: Sequence[Point]) -> list[Point]:
    """Points (cost, value) that no other beats on both, cheapest first."""
    front: list[Point] = []
    for point in sorted(points, key=lambda p: (p[0], -p[1])):
        if not front or point[1] > front[-1][1]:
            front.append(point)
    return front


def _training(history: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    curves = []
    for name, epochs in history.items():
        curves.append((name, [(i + 1.0, m["val_accuracy"]) for i, m in enumerate(epochs) if "val_accuracy" in m]))
    return _figure(curves, "epoch", "validation accuracy", lines=True)


def _figure(curves: Sequence[tuple[str, Sequence[Point]]], x_title: str, y_title: str, *, lines: bool) -> str:
    """An SVG picture of named curves or clouds of points."""
    every = [p for _, points in curves for p in points]
    if not every:
        return "<p>nothing to draw</p>"
    (x0, x1), (y0, y1) = (_range([p[axis] for p in every]) for axis in (0, 1))
    span_x, span_y = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN

    def place(point: Point) -> Point:
        return MARGIN + (point[0] - x0) / (x1 - x0) * span_x, HEIGHT - MARGIN - (point[1] - y0) / (y1 - y0) * span_y

    body = [f'<rect x="{MARGIN}" y="{MARGIN}" width="{span_x}" height="{span_y}" fill="none" stroke="#ccc"/>']
    for i in range(5):
        x, y = x0 + (x1 - x0) * i / 4, y0 + (y1 - y0) * i / 4
        body.append(f'<text x="{place((x, y0))[0]:.1f}" y="{HEIGHT - MARGIN + 16}" text-anchor="middle">{x:.4g}</text>')
        body.append(f'<text x="{MARGIN - 6}" y="{place((x0, y))[1] + 4:.1f}" text-anchor="end">{y:.3g}</text>')
    for index, (name, points) in enumerate(curves):
        color = COLORS[index % len(COLORS)]
        placed = [place(p) for p in points]
        if lines:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
            body.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.5"/>')
        else:
            body += [
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{2 + index}" fill="{color}" fill-opacity="0.7"/>'
                for x, y in placed
            ]
        body.append(
            f'<text x="{MARGIN + 8 + 110 * index}" y="{MARGIN - 10}" style="fill:{color}">{html.escape(name)}</text>'
        )
    body.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 8}" text-anchor="middle">{html.escape(x_title)}</text>')
    body.append(
        f'<text transform="translate(12 {HEIGHT / 2}) rotate(-90)" text-anchor="middle">{html.escape(y_title)}</text>'
    )
    return f'<figure><svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}">{"".join(body)}</svg></figure>'


def _range(values: Sequence[float]) -> Point:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)
