"""Static memory planning: where each buffer lies in the arena, proven legal and, mostly, proven optimal.

Problem --plan--> Plan --verify--> (nothing, or BadPlan)
                       |--draw--> text            |--table.write_plan--> CSV
"""

from tinyengine_tf.memory.picture import draw
from tinyengine_tf.memory.planner import plan
from tinyengine_tf.memory.problem import Buffer, Overlap, Plan, Problem
from tinyengine_tf.memory.verify import verify

__all__ = ["Buffer", "Overlap", "Plan", "Problem", "draw", "plan", "verify"]
