"""Values of four bits, two to a byte: the lower one of a pair in the lower half."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinyengine_tf.kernels.base import Array, Table


def packed(values: Array) -> Array:
    """Rows [..., n] of values -8..7 as int8 bytes [..., ceil(n / 2)]; what is missing in the last byte is 0."""
    assert values.size == 0 or (values.min() >= -8 and values.max() <= 7), "values of four bits"
    padding = [(0, 0)] * (values.ndim - 1) + [(0, values.shape[-1] % 2)]
    nibbles = np.pad(values, padding).astype(np.uint8) & 15
    whole: Array = (nibbles[..., ::2] | nibbles[..., 1::2] << 4).view(np.int8)
    return whole


def packed_bytes(rows: int, n: int) -> int:
    return rows * -(-n // 2)


def packed_table(name: str, rows: int, n: int, build: Callable[[], Array]) -> Table:
    """A table of `rows` rows of n values each, every row in bytes of its own."""
    return Table(name, "int8_t", packed_bytes(rows, n), lambda: packed(build().reshape(rows, n)).reshape(-1))
