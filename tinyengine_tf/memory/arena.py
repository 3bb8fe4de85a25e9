"""Schedule -> ArenaPlan: every tensor's and scratch buffer's offset, in one static arena or one per memory region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from tinyengine_tf.ir import Tensor
from tinyengine_tf.memory.liveness import Liveness, liveness
from tinyengine_tf.memory.planner import plan
from tinyengine_tf.memory.problem import Plan
from tinyengine_tf.memory.verify import verify
from tinyengine_tf.regions import Region
from tinyengine_tf.schedule import Layer, Ring, Schedule, Step

QUICK_NODES = 600
"""What an estimate may spend on a better plan, in nodes of the sweep: some milliseconds."""


@dataclass(frozen=True, eq=False)
class Share:
    """The arena, or what lies of it in one region. `region` None: wherever the firmware's linker puts .bss."""

    plan: Plan
    region: Region | None = None

    @property
    def place(self) -> str:
        """Its name for people and reports."""
        return self.region.name if self.region is not None else "arena"


@dataclass(frozen=True, eq=False)
class ArenaPlan:
    """A plan of a schedule's memory.

    shares     one for an arena in one piece; of a split one, a share per region, the preferred first: that one is what
               NAME_init() is given, the others are static
    allowed    the regions the arena may lie in; empty: no limits
    cheapest   (of a split) proven that no other split needs fewer and faster accesses, as memory.split counts them
    constants  layers whose constants lie in a region other than where the linker puts .rodata
    """

    schedule: Schedule
    live: Liveness
    shares: tuple[Share, ...]
    allowed: tuple[Region, ...] = ()
    cheapest: bool = False
    constants: Mapping[Layer, Region] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        """The plan of the first share: of everything, unless the arena is split."""
        return self.shares[0].plan

    @property
    def arena_bytes(self) -> int:
        """What all shares need together."""
        return sum(share.plan.peak_bytes for share in self.shares)

    @property
    def lower_bound_bytes(self) -> int:
        return sum(share.plan.lower_bound_bytes for share in self.shares)

    @property
    def optimal(self) -> bool:
        """Whether each share is proven to be as small as its buffers allow."""
        return all(share.plan.optimal for share in self.shares)

    @property
    def fits(self) -> bool:
        """Whether the allowed regions hold it."""
        placed = any(share.region is not None for share in self.shares)
        return not self.allowed or placed or any(self.arena_bytes <= region.size_bytes for region in self.allowed)

    def offset(self, tensor: Tensor) -> int:
        """Byte offset of a computed tensor in its share."""
        ring = self._rings.get(tensor)
        inner = ring.offset_bytes if ring is not None else self.schedule.owner(tensor)[1]
        return self._offset(self._buffer(tensor)) + inner

    def share(self, tensor: Tensor) -> Share:
        """The share a computed tensor lies in."""
        return self.shares[self._share_of[self._buffer(tensor)]]

    def scratch(self, step: Step) -> tuple[Share, int]:
        """Share and offset of a step's working memory."""
        return self._placed(Liveness.scratch(step))

    def state(self, layer: Layer) -> tuple[Share, int]:
        return self._placed(Liveness.state(layer))

    def _placed(self, buffer: str) -> tuple[Share, int]:
        return self.shares[self._share_of[buffer]], self._offset(buffer)

    def _offset(self, buffer: str) -> int:
        return self.shares[self._share_of[buffer]].plan.offsets[buffer]

    def _buffer(self, tensor: Tensor) -> str:
        ring = self._rings.get(tensor)
        return self.live.buffer_of[ring.owner if ring is not None else self.schedule.owner(tensor)[0]]

    @cached_property
    def _share_of(self) -> dict[str, int]:
        return {b.name: i for i, share in enumerate(self.shares) for b in share.plan.problem.buffers}

    @cached_property
    def _rings(self) -> dict[Tensor, Ring]:
        return {t: ring for step in self.schedule.steps for t, ring in step.rings.items()}


def draft_arena(schedule: Schedule) -> ArenaPlan:
    """The fast planner's result, not verified: to choose among schedules."""
    live = liveness(schedule)
    return ArenaPlan(schedule, live, (Share(plan(live.problem, exact=False)),))


def plan_arena(
    schedule: Schedule, *, exact: bool = True, draft: ArenaPlan | None = None, enough_bytes: int = 0
) -> ArenaPlan:
    """Place all buffers in one piece. A draft, if known, is not made again.

    exact          search for the best plan, and have it checked by the independent verifier; otherwise the fast
                   planner's and, where that may not be the best, what QUICK_NODES find.
    enough_bytes   a draft no larger than that is not improved.
    """
    placed = draft or draft_arena(schedule)
    if not placed.optimal and placed.plan.peak_bytes > enough_bytes:
        found = plan(placed.live.problem, exact=exact, node_limit=None if exact else QUICK_NODES)
        placed = ArenaPlan(schedule, placed.live, (Share(found),))
    if exact:
        verify(placed.plan)
    return placed


class ArenaPlanner:
    """Answers schedule.Planner for one compilation, and remembers its plans: the chosen schedule's is there already.

    exact, enough_bytes   see plan_arena
    """

    def __init__(self, exact: bool = True, enough_bytes: int = 0):
        self._exact, self._enough_bytes = exact, enough_bytes
        self._drafts: dict[Schedule, ArenaPlan] = {}
        self._settled: dict[Schedule, ArenaPlan] = {}

    def draft_bytes(self, schedule: Schedule) -> int:
        return self._draft(schedule).arena_bytes

    def settled_bytes(self, schedule: Schedule) -> int:
        return self.settled(schedule).arena_bytes

    def settled(self, schedule: Schedule) -> ArenaPlan:
        """The final plan of a schedule."""
        if schedule not in self._settled:
            draft = self._draft(schedule)
            self._settled[schedule] = plan_arena(
                schedule, exact=self._exact, draft=draft, enough_bytes=self._enough_bytes
            )
        return self._settled[schedule]

    def _draft(self, schedule: Schedule) -> ArenaPlan:
        if schedule not in self._drafts:
            self._drafts[schedule] = draft_arena(schedule)
        return self._drafts[schedule]
