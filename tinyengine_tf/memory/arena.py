"""Schedule -> ArenaPlan: every tensor's and scratch buffer's offset in one static arena."""

from __future__ import annotations

from dataclasses import dataclass

from tinyengine_tf.ir import Tensor
from tinyengine_tf.memory.liveness import Liveness, liveness
from tinyengine_tf.memory.planner import plan
from tinyengine_tf.memory.problem import Plan
from tinyengine_tf.memory.verify import verify
from tinyengine_tf.schedule import Layer, Schedule, Step


@dataclass(frozen=True, eq=False)
class ArenaPlan:
    """A verified plan of a schedule's memory."""

    schedule: Schedule
    live: Liveness
    plan: Plan

    @property
    def arena_bytes(self) -> int:
        return self.plan.peak_bytes

    def offset(self, tensor: Tensor) -> int:
        """Byte offset of a computed tensor in the arena."""
        for step in self.schedule.steps:
            if tensor in step.rings:
                ring = step.rings[tensor]
                return self.plan.offsets[self.live.buffer_of[ring.owner]] + ring.offset_bytes
        owner, inner = self.schedule.owner(tensor)
        return self.plan.offsets[self.live.buffer_of[owner]] + inner

    def scratch_offset(self, step: Step) -> int:
        return self.plan.offsets[Liveness.scratch(step)]

    def state_offset(self, layer: Layer) -> int:
        return self.plan.offsets[Liveness.state(layer)]


def plan_arena(schedule: Schedule, *, exact: bool = True) -> ArenaPlan:
    """Place all buffers; the result has passed the independent verifier."""
    live = liveness(schedule)
    placed = plan(live.problem, exact=exact)
    verify(placed)
    return ArenaPlan(schedule, live, placed)


def fast_arena_bytes(schedule: Schedule) -> int:
    """What the fast planner needs for a schedule, to choose among schedules."""
    return plan(liveness(schedule).problem, exact=False).peak_bytes
