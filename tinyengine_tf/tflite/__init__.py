"""Read a .tflite file: bytes -> RawModel. File format only; what the operators mean is `ops`' business."""

from tinyengine_tf.tflite.raw import RawGraph, RawModel, RawOp, RawSignature, RawTensor
from tinyengine_tf.tflite.reader import read
from tinyengine_tf.tflite.signatures import with_signature

__all__ = ["RawGraph", "RawModel", "RawOp", "RawSignature", "RawTensor", "read", "with_signature"]
