"""Measured layers -> coefficients: non-negative least squares of the relative error, for every Division of the work.

The division of least error is kept. Non-negative coefficients keep predictions sane for sizes that were not measured.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tinyengine_tf.cost.division import TILED, TWOS, Division
from tinyengine_tf.cost.features import features
from tinyengine_tf.cost.table import Fitted
from tinyengine_tf.ir import Op
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.ops.fully_connected import FullyConnected

MEANINGFUL = 0.002
"""Coefficients that never make up this share of a layer are dropped."""
SMALL = 200.0
"""Instructions of a layer below which its error counts less: a compiler may make almost nothing of tiny layers."""
ROUNDS = 8
OUTLIER = 0.15
"""Error from which on a layer counts no more for it: of some layers a compiler makes something else."""
FEW = 12
"""Measurements below which only the plainest features are fitted."""


@dataclass(frozen=True)
class Measurement:
    """One layer: what ran it, how often its kernel was called, what it took."""

    kernel: str
    op: Op
    calls: int
    instructions: int


def divisions(op: Op) -> Iterator[Division]:
    """The ways in which a kernel for such an operator may divide its work."""
    if isinstance(op, Conv2D | FullyConnected):
        yield from (Division(p, f, i) for p, f, i in itertools.product((1, 2, 3, 4, TWOS), (1, 2, 4), (1, 2, 4, 16)))
        if isinstance(op, Conv2D):
            yield Division(TILED)
    elif isinstance(op, DepthwiseConv2D):
        yield from (Division(p, f) for p, f in itertools.product((1, 2, 3, 4, 5, 6, 8, 10, 16), (1, 2, 4, 8)))
    else:
        yield Division()


def fit(measurements: Sequence[Measurement]) -> Fitted:
    """The division and non-negative coefficients of least relative error, or nearly so for small layers."""
    best: tuple[float, Fitted] | None = None
    y = np.array([m.instructions for m in measurements], float)
    scale = y + SMALL
    for division in divisions(measurements[0].op):
        rows = [features(m.op, m.calls, division) for m in measurements]
        names = sorted({n for row in rows for n in row})
        if len(measurements) < FEW:
            names = [n for n in names if n in ("call", "mac", "out", "read")]
        elif all(m.calls == 1 for m in measurements):
            names.remove("layer")  # it cannot be told from the call, and a pipeline makes several
        x = np.array([[row.get(n, 0.0) for n in names] for row in rows]) / scale[:, None]
        found = without_outliers(x, y / scale)
        found[(x * found).max(axis=0) < MEANINGFUL] = 0.0
        error = float(np.minimum(np.abs(x @ found - y / scale), OUTLIER).sum())
        if best is None or error < best[0]:
            best = error, Fitted(division, {n: float(f"{c:.5g}") for n, c in zip(names, found, strict=True) if c > 0})
    assert best is not None
    return best[1]


def without_outliers(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """As non_negative_least_squares, but errors beyond OUTLIER count in proportion, not squared (Huber's loss)."""
    x = non_negative_least_squares(a, b)
    for _ in range(ROUNDS):
        weight = np.sqrt(np.minimum(1.0, OUTLIER / np.maximum(np.abs(a @ x - b), 1e-9)))
        x = non_negative_least_squares(a * weight[:, None], b * weight)
    return x


def error_of(fitted: Fitted, m: Measurement) -> float:
    """By what share a layer is predicted too high, small layers counting less."""
    return (fitted.instructions(m.op, m.calls) - m.instructions) / (m.instructions + SMALL)


def non_negative_least_squares(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """argmin |a x - b| over x >= 0: the active-set method of Lawson and Hanson (1974), on normal equations."""
    scale = np.maximum(np.linalg.norm(a, axis=0), 1e-300)
    a = a / scale
    square, side = a.T @ a + 1e-10 * np.eye(a.shape[1]), a.T @ b
    x, free = np.zeros(a.shape[1]), np.zeros(a.shape[1], bool)
    for _ in range(10 * a.shape[1]):
        gradient = np.where(free, -np.inf, side - square @ x)
        if gradient.max() < 1e-7:
            break
        free[int(gradient.argmax())] = True
        while True:
            solution = np.zeros_like(x)
            solution[free] = np.linalg.solve(square[np.ix_(free, free)], side[free])
            if (solution[free] > 0).all():
                x = solution
                break
            falling = free & (solution <= 0)
            step = (x[falling] / (x[falling] - solution[falling])).min()
            x = x + step * (solution - x)
            free &= x > 1e-12
            x[~free] = 0.0
    return x / scale


def fit_kernels(
    measurements: Sequence[Measurement], least: int, apart: Collection[str] = ()
) -> tuple[dict[str, Fitted], list[str]]:
    """(a fit per kernel, and one per variant that was measured at least `least` times; a line of text on each).

    Variants are told apart where a kernel has several, or is in `apart`.
    """
    groups: dict[str, list[Measurement]] = defaultdict(list)
    variants: dict[str, set[str]] = defaultdict(set)
    for m in measurements:
        groups[m.kernel].append(m)
        variants[m.kernel].add(m.op.variant)
    for m in measurements:
        if m.op.variant and (m.kernel in apart or len(variants[m.kernel]) > 1):
            groups[f"{m.kernel} {m.op.variant}"].append(m)
    table, lines = {}, []
    for name, measured in sorted(groups.items()):
        if " " in name and len(measured) < least:
            continue  # seen too rarely: the kernel's own coefficients serve it
        table[name] = fit(measured)
        errors = 100 * np.array([abs(error_of(table[name], m)) for m in measured])
        lines.append(
            f"  {name:48} {len(measured):4} layers, error {errors.mean():5.1f} % mean, {errors.max():5.1f} % worst; "
            f"{len(table[name].coefficients)} coefficients"
        )
    return table, lines
