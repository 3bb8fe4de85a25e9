"""tables/CORE.json -> what is known of each kernel on a core.

Per kernel (and variant, such as "3x3s1") a table holds how it divides its work and the instructions that each count of
that work takes. `python -m tinyengine_tf.calibrate` measures them. Cycles are estimated from documented timings where
there are any (calibrate/cycles.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from tinyengine_tf.cost.division import UNDIVIDED, Division
from tinyengine_tf.cost.features import Features, features
from tinyengine_tf.ir import Op

GUESS: Features = {"call": 60.0, "read": 2.0, "out": 12.0, "mac": 7.0}
"""Portable C of middling speed, for kernels that nobody has measured on a core."""
GUESS_OF_MOVES: Features = {"call": 60.0, "out": 4.0}
"""The same where elements are only moved."""
GUESS_OF_ROW = 60.0
"""The same for a row of a pipeline."""


@dataclass(frozen=True)
class Fitted:
    """What is known of a kernel on a core; `cycles` of an instruction are an estimate (calibrate/cycles.py).

    measured   instructions were counted; else the coefficients are a guess
    """

    division: Division
    coefficients: Features
    cycles: float | None = None
    measured: bool = True

    def instructions(self, op: Op, calls: int) -> float:
        have = features(op, calls, self.division)
        return sum(weight * have.get(name, 0.0) for name, weight in self.coefficients.items())


@dataclass(frozen=True)
class CostTable:
    """All measured kernels of a core.

    row             what a row of a pipeline costs beyond its kernel
    cycles_source   where estimates of cycles come from; "": there are none for the core
    """

    kernels: Mapping[str, Fitted]
    row: float = GUESS_OF_ROW
    cycles_source: str = ""

    @property
    def is_measured(self) -> bool:
        """Whether any instruction was ever counted on the core; else predictions are one guess per kind of work."""
        return bool(self.kernels)

    def cycles_per_instruction(self, kernel: str) -> float | None:
        """An estimate; of kernels that were not measured, the mean of the others."""
        known = {name: f.cycles for name, f in self.kernels.items() if f.cycles is not None}
        return known.get(kernel, sum(known.values()) / len(known)) if known else None

    def kernel(self, name: str, op: Op) -> Fitted:
        """What is known of a kernel that computes `op`: of its variant, else of the kernel, else a guess."""
        known = self.kernels.get(f"{name} {op.variant}") or self.kernels.get(name)
        return known or Fitted(UNDIVIDED, GUESS_OF_MOVES if op.MOVES else GUESS, measured=False)


@lru_cache(maxsize=16)
def cost_table(core: str) -> CostTable:
    """The table of a core, empty if it was never measured."""
    path = resources.files("tinyengine_tf").joinpath("cost", "tables").joinpath(f"{core}.json")
    try:
        return table_from(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return CostTable({})


def table_from(content: Mapping[str, Any]) -> CostTable:
    """A CostTable from what calibration has written."""
    kernels = {
        name: Fitted(Division(*row["division"]), row["coefficients"], row.get("cycles"))
        for name, row in content["kernels"].items()
    }
    return CostTable(kernels, content["row"], content.get("cycles_source", ""))
