"""Build .tflite files for tests, without TensorFlow."""

from tests.modelgen.builder import ModelBuilder

__all__ = ["ModelBuilder"]
