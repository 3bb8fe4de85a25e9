"""Arch -> Footprint by the compiler's own planner: what fits here fits on the chip."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from functools import cached_property

from nas_keras.cost.footprint import AnalyticCost, CostModel, Footprint, Limits
from nas_keras.cost.graph import build_graph
from nas_keras.space.arch import Arch
from tinyengine_tf.api import Estimate, estimate
from tinyengine_tf.schedule import Orders
from tinyengine_tf.target import Target, load_target

RAW = AnalyticCost(channel_bytes=4)
"""Every weight and bias once: no kernel's constants are smaller, so what RAW finds too large needs no planning."""
GENEROUS = AnalyticCost(inplace_depthwise=False, channel_bytes=64)
"""Whole tensors, nothing in place, tables for every kind of kernel: what fits into half the SRAM by it fits by any plan
(the compiler needs 0.1 to 1.4 times of it, kernels' scratch memory included)."""


def footprint_of(cost: Estimate) -> Footprint:
    """The compiler's estimate as a search reads it."""
    return Footprint(cost.arena_bytes, cost.weights_bytes, cost.instructions, cost.macs, cost.cycles)


@dataclass(frozen=True)
class CompilerCost(CostModel):
    """The memory plan of `tinyengine_tf.convert(..., target, optimize)`, for networks that have no weights yet.

    target     core or board, as `tinyengine_tf targets` lists them.
    optimize   "ram" compares networks by what they need at least.
    """

    target: str
    optimize: str = "ram"
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
        raw = RAW.footprint(arch)
        least = Footprint(0, raw.flash_bytes, None, raw.macs)
        if limits.broken(least):
            return least
        if limits.instructions is None and limits.cycles is None:
            generous = GENEROUS.footprint(arch)
            most = replace(generous, sram_bytes=2 * generous.sram_bytes)
            if not limits.broken(most):
                return most
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
            build_graph(arch),
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
