"""What scheduling asks of memory planning: how many bytes a schedule would really need.

    schedule.build  -- a Schedule -->  Planner
                    <-- its bytes ---

A schedule's steps alone say what is alive at a time; where buffers of other steps stand in the way, a plan needs more.
So the scheduler, which comes before memory planning, asks through this protocol; who compiles brings the planner
(memory.arena.ArenaPlanner). Without one, what is alive in the busiest step counts.
"""

from __future__ import annotations

from typing import Protocol

from tinyengine_tf.schedule.schedule import Schedule


class Planner(Protocol):
    def draft_bytes(self, schedule: Schedule) -> int:
        """What the schedule needs by a quick plan; asked of many schedules."""
        ...

    def settled_bytes(self, schedule: Schedule) -> int:
        """What it needs with all the effort of a final plan; asked before a budget is called too small."""
        ...
