"""Products of one vector with four rows of weights at once, for kernels that then go on row by row (LSTM, SVDF).

`dot4*.c.j2` are functions for vectors of a given length n; `stream` lays out the weights as each of them reads them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tinyengine_tf.kernels.base import Array

ROWS = 4


@dataclass(frozen=True)
class Dot4:
    """One way to multiply.

    template  of the function, which takes the length n
    needs     what that function and the requantisation of its sums call
    stream    weights [groups, 4, n] -> [groups, bytes of a group]
    """

    template: str
    needs: tuple[str, ...]
    stream: Callable[[Array], Array]

    def group_bytes(self, n: int) -> int:
        return self.stream(np.zeros((1, ROWS, n), np.int8)).size


def _interleaved(rows: Array) -> Array:
    """One input's four weights after the other's."""
    return rows.transpose(0, 2, 1).reshape(len(rows), -1)


def _in_words(rows: Array) -> Array:
    """Words of four inputs' weights, row after row; what is missing is zero."""
    padded = np.pad(rows, ((0, 0), (0, 0), (0, -rows.shape[2] % 4)))
    return padded.reshape(len(rows), ROWS, -1, 4).transpose(0, 2, 1, 3).reshape(len(rows), -1)


def _row_by_row(rows: Array) -> Array:
    return rows.reshape(len(rows), -1)


PORTABLE = Dot4("recurrent/dot4.c.j2", ("requantize", "requantize_small"), _interleaved)
DSP = Dot4("recurrent/dot4_dsp.c.j2", ("requantize", "requantize_small_dsp", "smlad"), _in_words)
MVE = Dot4("recurrent/dot4_mve.c.j2", ("requantize", "requantize_small_dsp", "intrinsics_mve"), _row_by_row)
