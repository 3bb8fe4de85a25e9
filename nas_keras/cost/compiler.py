"""Arch -> Footprint by the compiler's own planner: what fits here fits on the chip."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from functools import cached_property

from nas_keras.cost.footprint import CostModel, Footprint, Limits
from nas_keras.families import load_family
from nas_keras.families.base import Family
from nas_keras.families.space import Arch
from tinyengine_tf.api import Estimate, estimate
from tinyengine_tf.schedule import Orders
from tinyengine_tf.target import Target, load_target


def footprint_of(cost: Estimate) -> Footprint:
    """The compiler's estimate as a search reads it."""
    return Footprint(cost.arena_bytes, cost.weights_bytes, cost.instructions, cost.macs, cost.cycles)


@dataclass(frozen=True)
class CompilerCost(CostModel):
    """The memory plan of `tinyengine_tf.convert(..., target, optimize)`, for networks that have no weights yet.

    target     core or board, as `tinyengine_tf targets` lists them.
    optimize   "ram" compares networks by what they need at least.
    family     of the networks that are asked about.
    """

    target: str
    optimize: str = "ram"
    family: Family = field(default_factory=load_family, compare=False)
    _known: dict[Arch, Footprint] = field(default_factory=dict, init=False, repr=False, compare=False)
    _orders: Orders = field(default_factory=Orders, init=False, repr=False, compare=False)

    @property
    def name(self) -> str:
        return f"tinyengine_tf for {self.target}, {self.optimize}"

    def footprint(self, arch: Arch) -> Footprint:
        found = self._known.get(arch)
        if found is None:
            found = self._known[arch] = footprint_of(self._estimate(arch, exact=True))
        return found

    def judge(self, arch: Arch, limits: Limits) -> Footprint:
        """Plans no memory where bounds decide, and exactly only where that decides."""
        if arch in self._known:
            return self._known[arch]
        if bounds := self.family.bounds(arch):
            if limits.broken(bounds.least):
                return bounds.least
            if limits.instructions is None and limits.cycles is None and not limits.broken(bounds.most):
                return bounds.most
        allowed = sys.maxsize if limits.sram_bytes is None else limits.sram_bytes
        quick = self._estimate(arch, exact=False, enough_bytes=allowed)
        plan = quick.arena.plan
        if plan.peak_bytes <= allowed or plan.optimal:
            sram = plan.peak_bytes
        elif plan.lower_bound_bytes > allowed:
            sram = plan.lower_bound_bytes
        else:
            sram = self.footprint(arch).sram_bytes
        return replace(footprint_of(quick), sram_bytes=sram)

    def _estimate(self, arch: Arch, *, exact: bool, enough_bytes: int = 0) -> Estimate:
        # A board would refuse what exceeds its RAM; here the number itself is the answer.
        return estimate(
            self.family.graph(arch),
            target=self._core,
            optimize=self.optimize,
            exact=exact,
            enough_bytes=enough_bytes,
            orders=self._orders,
        )

    @cached_property
    def _core(self) -> Target:
        target = load_target(self.target)
        return load_target(target.core) if target.is_board else target
