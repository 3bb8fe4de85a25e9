"""Graph, Target -> Schedule: which kernel runs each layer, which layers are fused, and why."""

from tinyengine_tf.schedule.build import OPTIMIZE, Goal, build
from tinyengine_tf.schedule.layer import Layer
from tinyengine_tf.schedule.schedule import Schedule, Step

__all__ = ["OPTIMIZE", "Goal", "Layer", "Schedule", "Step", "build"]
