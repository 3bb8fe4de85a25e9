"""Model and samples -> what generated code must compute, and who says so.

    TFLM runs the model                     TFLM's word
    TFLM refuses it, TensorFlow runs it     TensorFlow's reference interpreter's
    neither does                            what this package's operators mean, in numpy: `interpret`

The last finds what passes, kernels and plans do wrong, not what is misread in the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinyengine_tf import interpret
from tinyengine_tf.errors import ToolchainError
from tinyengine_tf.ir import Graph
from tinyengine_tf.lab import reference, tensorflow_lite

TFLM = "TFLM's reference kernels"
TENSORFLOW = "TensorFlow's reference interpreter"
DEFINITIONS = "tinyengine_tf's own definitions of operators in numpy"


@dataclass(frozen=True)
class Expectation:
    """For every sample {tensor index in the file: its value}, by whom, and why not by TFLM."""

    layers: list[dict[int, np.ndarray]]
    by: str = TFLM
    because: str = ""


def expect(model: bytes, source: Graph, samples: Sequence[Sequence[np.ndarray]]) -> Expectation:
    """What the first that can run the model says of it; `source` is the model's graph before passes.

    Raises ToolchainError where TFLM is absent, or crashes.
    """
    try:
        return Expectation(reference.run_layers(model, samples, isolated=True))
    except reference.Refused as refused:
        because = f"TFLM refuses the model ({refused.reason})"
    if tensorflow_lite.is_installed():
        try:
            return Expectation(tensorflow_lite.run_layers(model, samples), TENSORFLOW, because)
        except ToolchainError:
            because += " and so does TensorFlow"
    else:
        because += " and TensorFlow is not installed"
    layers = [
        {tensor.source: value for tensor, value in values.items() if tensor.source is not None}
        for values in interpret.inferences(source, samples)
    ]
    return Expectation(layers, DEFINITIONS, because)
