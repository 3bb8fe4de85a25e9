"""A .tflite file and samples -> what TensorFlow Lite's reference kernels compute for them.

They define what an operator that TFLM lacks means. TensorFlow is imported only here, in a process of its own: it takes
seconds, writes to stderr, and may not bear TFLM beside it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

import numpy as np

from tinyengine_tf.errors import ToolchainError
from tinyengine_tf.lab.isolation import call_isolated

WHERE = "TensorFlow"


def is_installed() -> bool:
    return importlib.util.find_spec("tensorflow") is not None


def run_layers(
    model: bytes, samples: Sequence[Sequence[np.ndarray]], *, timeout_s: float = 600.0
) -> list[dict[int, np.ndarray]]:
    """For every sample {tensor index in the file: array} for all tensors of the first subgraph that operators write.

    Raises ToolchainError where TensorFlow cannot run the model either.
    """
    layers: list[dict[int, np.ndarray]] = call_isolated(_run_layers, model, samples, where=WHERE, timeout_s=timeout_s)
    return layers


def _run_layers(model: bytes, samples: Sequence[Sequence[np.ndarray]]) -> list[dict[int, np.ndarray]]:
    from tensorflow import lite

    try:
        interpreter = lite.Interpreter(
            model_content=model,
            experimental_op_resolver_type=lite.experimental.OpResolverType.BUILTIN_REF,
            experimental_preserve_all_tensors=True,
        )
        interpreter.allocate_tensors()
        return [_layers(interpreter, sample) for sample in samples]
    except (RuntimeError, ValueError) as error:
        raise ToolchainError(f"cannot run the model: {error}", where=WHERE) from error


def _layers(interpreter: object, sample: Sequence[np.ndarray]) -> dict[int, np.ndarray]:
    """One inference; states stay in the interpreter."""
    inputs = interpreter.get_input_details()  # type: ignore[attr-defined]
    for details, array in zip(inputs, sample, strict=True):
        interpreter.set_tensor(details["index"], array.reshape(details["shape"]))  # type: ignore[attr-defined]
    interpreter.invoke()  # type: ignore[attr-defined]
    written = {int(i) for op in interpreter._get_ops_details() for i in op["outputs"]}  # type: ignore[attr-defined]
    shapes = {d["index"]: d for d in interpreter.get_tensor_details()}  # type: ignore[attr-defined]
    return {
        i: interpreter.get_tensor(i)  # type: ignore[attr-defined]
        for i in sorted(written & shapes.keys())
        if 0 not in shapes[i]["shape"] and shapes[i]["dtype"] is not np.void
    }
