"""Read a .tflite file: bytes -> RawModel. File format only; what the operators mean is `ops`' business."""

from tinyengine_tf.tflite.raw import RawGraph, RawModel, RawOp, RawTensor
from tinyengine_tf.tflite.reader import read

__all__ = ["RawGraph", "RawModel", "RawOp", "RawTensor", "read"]
