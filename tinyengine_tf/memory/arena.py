"""Schedule -> ArenaPlan: every tensor's and scratch buffer's offset in one static arena."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from tinyengine_tf.ir import Tensor
from tinyengine_tf.memory.liveness import Liveness, liveness
from tinyengine_tf.memory.planner import plan
from tinyengine_tf.memory.problem import Plan
from tinyengine_tf.memory.verify import verify
from tinyengine_tf.schedule import Layer, Ring, Schedule, Step

QUICK_NODES = 600
"""What an estimate may spend on a better plan, in nodes of the sweep: some milliseconds."""


@dataclass(frozen=True, eq=False)
class ArenaPlan:
    """A plan of a schedule's memory."""

    schedule: Schedule
    live: Liveness
    plan: Plan

    @property
    def arena_bytes(self) -> int:
        return self.plan.peak_bytes

    def offset(self, tensor: Tensor) -> int:
        """Byte offset of a computed tensor in the arena."""
        ring = self._rings.get(tensor)
        if ring is not None:
            return self.plan.offsets[self.live.buffer_of[ring.owner]] + ring.offset_bytes
        owner, inner = self.schedule.owner(tensor)
        return self.plan.offsets[self.live.buffer_of[owner]] + inner

    @cached_property
    def _rings(self) -> dict[Tensor, Ring]:
        return {t: ring for step in self.schedule.steps for t, ring in step.rings.items()}

    def scratch_offset(self, step: Step) -> int:
        return self.plan.offsets[Liveness.scratch(step)]

    def state_offset(self, layer: Layer) -> int:
        return self.plan.offsets[Liveness.state(layer)]


def draft_arena(schedule: Schedule) -> ArenaPlan:
    """The fast planner's result, not verified: to choose among schedules."""
    live = liveness(schedule)
    return ArenaPlan(schedule, live, plan(live.problem, exact=False))


def plan_arena(schedule: Schedule, *, exact: bool = True, draft: ArenaPlan | None = None) -> ArenaPlan:
    """Place all buffers. A draft, if known, is not made again.

    exact   search for the best plan, and have it checked by the independent verifier; otherwise the fast planner's
            and, where that may not be the best, what QUICK_NODES find.
    """
    placed = draft or draft_arena(schedule)
    if not placed.plan.optimal:
        found = plan(placed.live.problem, exact=exact, node_limit=None if exact else QUICK_NODES)
        placed = ArenaPlan(schedule, placed.live, found)
    if exact:
        verify(placed.plan)
    return placed
