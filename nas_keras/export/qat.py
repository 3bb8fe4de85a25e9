"""A trained float model -> a quantisation-aware model whose ranges are right from the first step.

tfmot starts every activation range at +-6 and moves it by 0.1 % per step, so a short fine-tune
would leave most ranges where they began and clip the logits. Here each range is measured on the
float network first, and the input's range is fixed to what the device will deliver.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import tensorflow as tf
import tf_keras
from tensorflow_model_optimization.quantization.keras import quantize_model, quantizers

from nas_keras.data import Coding
from tinyengine_tf.errors import UsageError

MOVING = (
    tf_keras.layers.Flatten,
    tf_keras.layers.Reshape,
    tf_keras.layers.Permute,
    tf_keras.layers.ZeroPadding1D,
    tf_keras.layers.ZeroPadding2D,
    tf_keras.layers.Cropping2D,
    tf_keras.layers.Dropout,
)
"""Layers that scale with their input."""


class FixedRange(quantizers.Quantizer):
    """Fake quantisation to int8 of a range that training does not move."""

    def __init__(self, low: float, high: float):
        self.low, self.high = low, high

    def build(self, tensor_shape, name, layer):
        return {}

    def __call__(self, inputs, training, weights, **kwargs):
        return tf.quantization.fake_quant_with_min_max_args(inputs, self.low, self.high, num_bits=8)

    def get_config(self):
        return {"low": self.low, "high": self.high}


def quantize_aware(model: tf_keras.Model, coding: Coding, batches: Iterable[np.ndarray]) -> tf_keras.Model:
    """`model` with fake quantisation: int8 per-channel weights, int8 activations; not compiled.

    batches   encoded inputs to measure ranges on, at least one; a few hundred examples suffice.
    The input's range is `coding`'s, exactly, throughout training.
    """
    ranges = measure_ranges(model, batches)
    tf_keras.backend.reset_uids()  # tfmot numbers its layers; the same network must get the same names, and file
    quantized = quantize_model(model)
    _input_layer(quantized).quantizer = FixedRange(coding.low * coding.gain, coding.high * coding.gain)
    for layer in quantized.layers:
        name = layer.name.removeprefix("quant_")
        if name in ranges:
            for variable in layer.weights:
                if variable.name.endswith(("output_min:0", "activation_min:0")):
                    variable.assign(ranges[name][0])
                if variable.name.endswith(("output_max:0", "activation_max:0")):
                    variable.assign(ranges[name][1])
    refresh_weight_ranges(quantized)
    return quantized


def measure_ranges(model: tf_keras.Model, batches: Iterable[np.ndarray]) -> dict[str, tuple[float, float]]:
    """Layer name -> mean over batches of its output's (minimum, maximum), in inference mode; 0 is included."""
    outputs = [layer.output for layer in model.layers]
    probe = tf_keras.Model(model.inputs, [tf_keras.layers.Lambda(_extremes)(o) for o in outputs])
    seen = [probe(batch, training=False) for batch in batches]
    means = np.mean([[np.asarray(pair) for pair in one] for one in seen], axis=0)
    return {
        layer.name: (min(float(a), 0.0), max(float(b), 0.0)) for layer, (a, b) in zip(model.layers, means, strict=True)
    }


def _extremes(x: tf.Tensor) -> tf.Tensor:
    return tf.stack([tf.reduce_min(x), tf.reduce_max(x)])


def refresh_weight_ranges(quantized: tf_keras.Model) -> None:
    """Set every weight's range to what the weight is now; training leaves it one step behind."""
    for layer in quantized.layers:
        for weight, _, variables in getattr(layer, "_weight_vars", ()):
            value, high = np.abs(weight.numpy()), variables["max_var"]
            if len(high.shape):
                value = value.reshape(-1, value.shape[-1]).max(axis=0)
            top = np.maximum(value.max() if not len(high.shape) else value, 1e-6).astype(np.float32)
            high.assign(top)
            variables["min_var"].assign(-top)


def fold_gain(quantized: tf_keras.Model, coding: Coding) -> None:
    """Move the power of two of `coding` from the input into the first layers, in place: the input now has the user's
    units.

    Exact, because scaling by a power of two rounds nothing. Call once, after training.
    """
    source = _input_layer(quantized)
    source.quantizer = FixedRange(coding.low, coding.high)
    for layer in _first_with_weights(source):
        weight = layer._weight_vars[0][0]
        weight.assign(weight * coding.gain)
    refresh_weight_ranges(quantized)


def _first_with_weights(source: tf_keras.layers.Layer) -> list[tf_keras.layers.Layer]:
    """The convolutions or dense layers that see the input first, behind layers that only move numbers."""
    found = []
    for node in source.outbound_nodes:
        layer = node.outbound_layer
        if getattr(layer, "_weight_vars", ()):
            found.append(layer)
        elif isinstance(getattr(layer, "layer", layer), MOVING):
            found += _first_with_weights(layer)
        else:
            raise UsageError(
                f"the layer {layer.name} computes on the input before any weights do",
                where="export",
                hint="begin the network with a convolution or a dense layer",
            )
    return found


def _input_layer(quantized: tf_keras.Model) -> tf_keras.layers.Layer:
    return next(layer for layer in quantized.layers if type(layer).__name__ == "QuantizeLayer")
