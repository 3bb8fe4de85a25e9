"""Compile int8 .tflite models to exact, self-contained C for microcontrollers.

import tinyengine_tf
tinyengine_tf.convert("model.tflite", "generated/", target="stm32f746")
tinyengine_tf.verify("model.tflite", target="cortex-m4")
"""

from tinyengine_tf.api import Conversion, Estimate, convert, estimate, verify
from tinyengine_tf.errors import (
    DoesNotFitError,
    MismatchError,
    ModelError,
    TinyEngineError,
    ToolchainError,
    UnsupportedError,
    UsageError,
)
from tinyengine_tf.version import VERSION

__version__ = VERSION

__all__ = [
    "Conversion",
    "DoesNotFitError",
    "Estimate",
    "MismatchError",
    "ModelError",
    "TinyEngineError",
    "ToolchainError",
    "UnsupportedError",
    "UsageError",
    "convert",
    "estimate",
    "verify",
]
