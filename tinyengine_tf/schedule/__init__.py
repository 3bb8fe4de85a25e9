"""Graph, Target -> Schedule: which kernel runs each layer, which layers are fused, and why."""

from tinyengine_tf.schedule.build import build, build_front
from tinyengine_tf.schedule.choose import FEEDS, OPTIMIZE, Goal
from tinyengine_tf.schedule.layer import Layer
from tinyengine_tf.schedule.rows import Orders
from tinyengine_tf.schedule.schedule import Part, Ring, Schedule, Step

__all__ = ["FEEDS", "OPTIMIZE", "Goal", "Layer", "Orders", "Part", "Ring", "Schedule", "Step", "build", "build_front"]
