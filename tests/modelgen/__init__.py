"""Build .tflite files for tests, without TensorFlow."""

from tests.modelgen.builder import ModelBuilder, Writer

__all__ = ["ModelBuilder", "Writer"]
