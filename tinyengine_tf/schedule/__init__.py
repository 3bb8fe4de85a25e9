"""Graph, Target -> Schedule: which kernel runs each layer, which layers are fused, and why."""

from tinyengine_tf.schedule.build import FEEDS, OPTIMIZE, Goal, build
from tinyengine_tf.schedule.layer import Layer
from tinyengine_tf.schedule.schedule import Schedule, Step

__all__ = ["FEEDS", "OPTIMIZE", "Goal", "Layer", "Schedule", "Step", "build"]
