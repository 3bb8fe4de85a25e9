"""A quantisation-aware model -> int8 .tflite bytes, and what those bytes answer."""

from __future__ import annotations

import logging
import math
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import tensorflow as tf
import tf_keras

from nas_keras.data import Coding, Data
from nas_keras.export.qat import fold_gain


def to_tflite(quantized: tf_keras.Model, coding: Coding) -> bytes:
    """Full-int8 file: int8 input as `coding` says, int8 logits. Changes `quantized` (see `fold_gain`)."""
    fold_gain(quantized, coding)
    spec = tf.TensorSpec((1, *quantized.input_shape[1:]), tf.float32, name="input")
    function = tf.function(lambda x: quantized(x, training=False)).get_concrete_function(spec)
    # Without the model as second argument: TensorFlow would write all of it to disk first, ten times slower.
    with _quiet():
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        model = converter.convert()
    details = _interpreter(model).get_input_details()[0]
    scale, zero_point = details["quantization"]
    assert math.isclose(scale, coding.scale, rel_tol=1e-6) and zero_point == coding.zero_point, details
    return model


class Reference:
    """The file's own answers, by TensorFlow Lite's reference kernels, which equal TFLM bit for bit."""

    def __init__(self, model: bytes, batch: int = 100):
        self.batch = batch
        self.interpreter = _interpreter(model)
        self.input = self.interpreter.get_input_details()[0]["index"]
        self.output = self.interpreter.get_output_details()[0]["index"]

    def __call__(self, q: np.ndarray) -> np.ndarray:
        """int8 logits (count, classes) of int8 inputs (count, rows, columns, channels)."""
        return np.concatenate([self._run(q[i : i + self.batch]) for i in range(0, len(q), self.batch)])

    def _run(self, q: np.ndarray) -> np.ndarray:
        if tuple(self.interpreter.get_input_details()[0]["shape"]) != q.shape:
            self.interpreter.resize_tensor_input(self.input, q.shape)
        self.interpreter.allocate_tensors()
        self.interpreter.set_tensor(self.input, q)
        self.interpreter.invoke()
        return self.interpreter.get_tensor(self.output).copy()


def int8_accuracy(model: bytes, data: Data, coding: Coding) -> float:
    """Share of `data` that the exported file classifies correctly."""
    return float(np.mean(Reference(model)(coding.quantize(data.x)).argmax(axis=1) == data.y))


def _interpreter(model: bytes) -> tf.lite.Interpreter:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it announces its successor
        return tf.lite.Interpreter(
            model_content=model, experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the converter's C++ chatter off the screen; what it says is shown when it fails."""
    with tempfile.TemporaryFile() as log:
        saved = os.dup(2)
        os.dup2(log.fileno(), 2)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                logging.disable(logging.WARNING)
                yield
        except Exception:
            log.seek(0)
            os.write(saved, log.read())
            raise
        finally:
            logging.disable(logging.NOTSET)
            os.dup2(saved, 2)
            os.close(saved)
