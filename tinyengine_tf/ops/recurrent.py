"""Operators that keep something between inferences in variable tensors of the file: LSTM, SVDF.

Such a tensor belongs to its operator. In a graph it is two: `before`, which the operator reads, and `after`, which it
writes into the same memory (schedule/storage.py). TFLM fills a variable tensor with its zero point, int8, or with
zeros.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tinyengine_tf.ir import DType, Op, State, Tensor
from tinyengine_tf.ops.base import Reject, Rule

VARIABLE = Rule(
    "its states are variable tensors, of the hidden state's (int8), the cell's (int16) or the weights' over time type"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class RecurrentOp(Op):
    """An operator whose last inputs, `variables` of them, are variable tensors; as many of its outputs replace them."""

    variables: int

    @property
    def updates(self) -> tuple[tuple[Tensor, Tensor], ...]:
        """(before, after) of each variable tensor."""
        before = [t for t in self.inputs[-self.variables :] if t is not None]
        return tuple(zip(before, self.outputs[-self.variables :], strict=True))

    @property
    def states(self) -> tuple[State, ...]:
        """What the variable tensors hold."""
        return tuple(State(before, after, initial_of(before)) for before, after in self.updates)


def updated(variable: Tensor) -> Tensor:
    """The output that replaces a variable tensor."""
    return replace(variable, name=f"{variable.name}/kept", source=None)


def require_variable(tensor: Tensor | None, what: str, *dtypes: DType) -> Tensor:
    """The tensor, if it can be a variable tensor of one of these types."""
    if tensor is None or tensor.const or tensor.dtype not in dtypes:
        names = " or ".join(d.tflite_name.lower() for d in dtypes)
        raise Reject(VARIABLE, f"{tensor} where the {what} is {names}")
    return tensor


def initial_of(variable: Tensor) -> np.ndarray:
    zero = variable.zero_point if variable.dtype is DType.INT8 else 0
    return np.full(variable.shape, zero, variable.dtype.numpy)
