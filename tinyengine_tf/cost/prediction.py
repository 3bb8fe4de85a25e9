"""Operator, kernel, core -> instructions: executed ones, not cycles, and whether they rest on a measurement."""

from __future__ import annotations

from dataclasses import dataclass

from tinyengine_tf.cost.table import cost_table
from tinyengine_tf.ir import Op


@dataclass(frozen=True)
class Prediction:
    """Instructions that a layer should execute; `measured`: the kernel was on that core, else it is a guess."""

    instructions: float
    measured: bool


def predict(core: str, kernel: str, op: Op, calls: int, rows: int = 0) -> Prediction:
    """Of one layer whose kernel is called `calls` times, for `rows` rows of a pipeline (0: it is in none)."""
    table = cost_table(core)
    known = table.kernel(kernel, op)
    return Prediction(known.instructions(op, calls) + rows * table.row, known.measured)
