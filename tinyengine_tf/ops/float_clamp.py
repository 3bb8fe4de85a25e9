"""Fused activations of float32 operators: a range, and what limiting to it means to the bit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinyengine_tf.ops.base import RawOpLike, Reject
from tinyengine_tf.ops.conv2d import ACTIVATION

FloatRange = tuple[float, float]

FLOAT_MAX = float(np.finfo(np.float32).max)  # TFLM clamps to finite numbers even without an activation
NO_CLAMP: FloatRange = (-FLOAT_MAX, FLOAT_MAX)
FLOAT_CLAMPS: Mapping[str, FloatRange] = {
    "NONE": NO_CLAMP,
    "RELU": (0.0, FLOAT_MAX),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
}


def float_clamp(raw: RawOpLike) -> FloatRange:
    """The fused activation of an operator as a float32 range, inclusive."""
    activation = raw.options["fused_activation_function"]
    if activation not in FLOAT_CLAMPS:
        raise Reject(ACTIVATION, activation)
    return FLOAT_CLAMPS[activation]


def limited(values: np.ndarray, clamp: FloatRange) -> np.ndarray:
    """min(max(x, low), high) as the C++ library has it: NaN stays, and so does a zero's sign."""
    low, high = (np.float32(end) for end in clamp)
    above = np.where(values < low, low, values)
    limited_values: np.ndarray = np.where(high < above, high, above)
    return limited_values
