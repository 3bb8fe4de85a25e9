"""Arch -> Footprint by the compiler's own planner: what fits here fits on the chip."""

from __future__ import annotations

from dataclasses import dataclass, field

from nas_keras.cost.footprint import Footprint
from nas_keras.cost.graph import build_graph
from nas_keras.space.arch import Arch
from tinyengine_tf.api import estimate
from tinyengine_tf.target import Target, load_target


@dataclass(frozen=True)
class CompilerCost:
    """The memory plan of `tinyengine_tf.convert(..., target, optimize)`, for networks that have no weights yet.

    target     core or board, as `tinyengine_tf targets` lists them.
    optimize   "ram" compares networks by what they need at least.
    """

    target: str
    optimize: str = "ram"
    _known: dict[Arch, Footprint] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def name(self) -> str:
        return f"tinyengine_tf for {self.target}, {self.optimize}"

    def footprint(self, arch: Arch) -> Footprint:
        found = self._known.get(arch)
        if found is None:
            # A board would refuse what exceeds its RAM; here the number itself is the answer.
            cost = estimate(build_graph(arch), target=self._core(), optimize=self.optimize, exact=True)
            found = self._known[arch] = Footprint(cost.arena_bytes, cost.weights_bytes, cost.instructions, cost.macs)
        return found

    def _core(self) -> Target:
        target = load_target(self.target)
        return load_target(target.core) if target.is_board else target
