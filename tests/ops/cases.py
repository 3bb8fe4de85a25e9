"""What the operator tests draw from, and how they build models of one operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.modelgen import ModelBuilder

ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")
SCALES = st.sampled_from((1e-4, 0.0039215689, 0.02, 0.11, 1.0, 7.3))
ZERO_POINTS = st.sampled_from((-128, -100, -3, 0, 1, 64, 127))
# Element types that TFLM moves; FLOAT32 and INT32 where it does not support one are drawn per test.
TYPES = ("INT8", "INT32", "FLOAT32")


def shapes(min_rank: int = 1, max_rank: int = 4, largest: int = 6) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(st.integers(1, largest), min_size=min_rank, max_size=max_rank).map(tuple)


def out_size(size: int, kernel: int, stride: int, dilation: int, padding: str) -> int:
    """Output rows or columns of a window."""
    extent = (kernel - 1) * dilation + 1
    return -(-size // stride) if padding == "SAME" else -(-(size - extent + 1) // stride)


def quantized(dtype: str, scale: float = 0.05, zero_point: int = -7) -> dict[str, Any]:
    return {"scale": scale, "zero_point": zero_point} if dtype == "INT8" else {}


def int32(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


def one_op_model(
    opcode: str,
    x: Sequence[int],
    y: Sequence[int] | Sequence[Sequence[int]],
    arguments: Sequence[np.ndarray] = (),
    *,
    dtype: str = "INT8",
    data_position: int = 0,
    quantisation: dict[str, Any] | None = None,
    out_quantisation: dict[str, Any] | None = None,
    version: int = 1,
    **options: Any,
) -> bytes:
    """A model of one operator with one computed input, constant arguments, and one output or a list of them."""
    b = ModelBuilder()
    quantisation = quantized(dtype) if quantisation is None else quantisation
    inputs = [b.const(a) for a in arguments]
    inputs.insert(data_position, b.input(x, dtype, **quantisation))
    several = y if len(y) and not isinstance(y[0], (int, np.integer)) else [y]
    outputs = [b.tensor(s, dtype, **(quantisation if out_quantisation is None else out_quantisation)) for s in several]
    b.op(opcode, inputs, outputs, version=version, **options)
    b.output(*outputs)
    return b.finish()
