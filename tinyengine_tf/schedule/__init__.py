"""Graph -> Schedule (`build`) and Schedule -> the memory problem it poses (`memory_problem`)."""

from tinyengine_tf.schedule.schedule import Layer, Schedule, Step, build

__all__ = ["Layer", "Schedule", "Step", "build"]
