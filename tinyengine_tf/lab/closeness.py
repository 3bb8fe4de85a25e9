"""How far a network may be from TFLM where a C library's expf, tanhf and the like have a say, and how far it is.

IEEE 754 defines +, -, *, / and sqrt to the bit, so everything that is computed from these alone must be equal. C
libraries differ in the last bits of other functions (TFLM on this machine uses glibc, emulated cores newlib), and what
is computed from their results differs with them.
"""

from __future__ import annotations

import numpy as np

from tinyengine_tf.ir import DType, Graph, Tensor

LIBM_BITS = 18
"""Floats may differ by 2^-18 of the largest of their tensor: 32 units in its last place."""
LIBM_STEPS = 1
"""Quantised integers may differ by as many."""


def after_libm(graph: Graph) -> frozenset[Tensor]:
    """Tensors that depend on a function of a C library, in this inference or through what is remembered."""
    found: set[Tensor] = set()
    while True:
        before = len(found)
        for op in graph.ops:
            if op.calls_libm or not found.isdisjoint(op.inputs):
                found.update(op.outputs)
        found.update(s.before for s in graph.states if s.after in found)
        if len(found) == before:
            return frozenset(found)


def is_close(tensor: Tensor, got: np.ndarray, want: np.ndarray) -> bool:
    """Whether all values of a tensor that depends on a C library are within the bounds."""
    if tensor.dtype is DType.FLOAT32:
        finite = np.isfinite(want)
        if not np.array_equal(finite, np.isfinite(got)):
            return False
        a, b = got[finite].astype(np.float64), want[finite].astype(np.float64)
        return bool((np.abs(a - b) <= np.abs(b).max(initial=0.0) / 2**LIBM_BITS).all())
    if tensor.quant is None:
        return np.array_equal(got, want)
    return bool((np.abs(got.astype(np.int64) - want.astype(np.int64)) <= LIBM_STEPS).all())


def units_apart(got: np.ndarray, want: np.ndarray) -> int:
    """The most float32 values between two floats at the same place, plus one; 0 where all are equal bit for bit."""
    return int(np.abs(_ranks(got) - _ranks(want)).max(initial=0))


def _ranks(values: np.ndarray) -> np.ndarray:
    """Floats as integers in the same order, the one next to the other."""
    bits = np.ascontiguousarray(values, np.float32).view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)
