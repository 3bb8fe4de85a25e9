"""Data in memory, and how the user's numbers enter the network.

The device receives int8. `Coding` fixes how: unsigned pixels become q = pixel - 128; any other
numbers become q = round(x / scale) + zero_point in the user's own units. During training the
network sees x multiplied by a power of two, so that folding the factor into the first
convolution afterwards is exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tinyengine_tf.errors import UsageError

Augment = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Coding:
    """How the user's numbers enter the network.

    offset   subtracted first: 128 for pixels, else 0.
    gain     power of two that brings the rest to about [-1, 1]: what training sees.
    low, high   range of (x - offset) that int8 represents; it contains 0.
    """

    offset: float
    gain: float
    low: float
    high: float

    @classmethod
    def of(cls, x: np.ndarray) -> Coding:
        """Pixels for uint8, the identity for int8, otherwise the range of the data."""
        if x.dtype == np.uint8:
            return cls(128.0, 1 / 128, -128.0, 127.0)
        if x.dtype == np.int8:
            return cls(0.0, 1 / 128, -128.0, 127.0)
        low, high = min(float(x.min()), 0.0), max(float(x.max()), 0.0)
        if low == high:
            raise UsageError("every input value is zero", where="train_data", hint="check how the data was loaded")
        return cls(0.0, 2.0 ** -math.ceil(math.log2(max(-low, high))), low, high)

    def encode(self, x: np.ndarray) -> np.ndarray:
        """float32 input of the network in training, shape as given."""
        return (x.astype(np.float32) - np.float32(self.offset)) * np.float32(self.gain)

    @property
    def scale(self) -> float:
        """Step of the int8 input in the user's units (pixels minus 128 for images)."""
        return (self.high - self.low) / 255

    @property
    def zero_point(self) -> int:
        return round(-128 - self.low / self.scale)

    def quantize(self, x: np.ndarray) -> np.ndarray:
        """int8 input of the exported network for the user's data, shape as given."""
        q = np.rint((x.astype(np.float32) - np.float32(self.offset)) / np.float32(self.scale)) + self.zero_point
        return np.clip(q, -128, 127).astype(np.int8)


@dataclass(frozen=True, eq=False)
class Data:
    """Examples in memory: x (count, rows, columns, channels) in the user's numbers, y (count,) class indices."""

    x: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.x)

    @property
    def shape(self) -> tuple[int, int, int]:
        rows, columns, channels = self.x.shape[1:]
        return rows, columns, channels

    def batches(
        self, coding: Coding, size: int, rng: np.random.Generator | None = None, augment: Augment | None = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """One pass in encoded batches; shuffled, and cut to full batches, when `rng` is given."""
        order = np.arange(len(self)) if rng is None else rng.permutation(len(self))
        end = len(order) if rng is None else max(len(order) // size * size, 1)
        for start in range(0, end, size):
            index = order[start : start + size]
            x = self.x[index]
            if augment is not None and rng is not None:
                x = augmented(augment, x, rng)
            yield coding.encode(x), self.y[index]


def augmented(augment: Augment, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What `augment` makes of a batch. Raises UsageError when that is no batch of the same shape."""
    found = augment(x, rng)
    if not isinstance(found, np.ndarray) or found.shape != x.shape:
        kind = f"shape {found.shape}" if isinstance(found, np.ndarray) else f"a {type(found).__name__}"
        raise UsageError(
            f"it made {kind} of a batch of shape {x.shape}", where="augment", hint="return an array of the same shape"
        )
    return found


def resize(x: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bilinear resampling of (count, rows, columns, channels) to `size`, half-pixel centres, type kept.

    Shrinking by more than two averages first, as an image library's area filter would.
    """
    if x.shape[1:3] == tuple(size):
        return x
    out = _resample(_resample(x.astype(np.float32), size[0], 1), size[1], 2)
    return np.rint(out).astype(x.dtype) if np.issubdtype(x.dtype, np.integer) else out.astype(x.dtype)


def _resample(x: np.ndarray, size: int, axis: int) -> np.ndarray:
    """Linear interpolation along one axis with a triangle as wide as the step when shrinking."""
    n = x.shape[axis]
    step = n / size
    reach = max(step, 1.0)
    centres = (np.arange(size) + 0.5) * step - 0.5
    weights = np.maximum(0, 1 - np.abs(np.arange(n)[None] - centres[:, None]) / reach)
    weights /= weights.sum(axis=1, keepdims=True)
    moved = np.tensordot(x, weights.astype(np.float32), axes=(axis, 1))
    return np.moveaxis(moved, -1, axis)


def shift_images(pixels: int, *, flip: bool = False) -> Augment:
    """Random shifts up to `pixels` on both axes (edges filled by reflection), optionally left-right flips."""

    def augment(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        count, rows, columns, _ = x.shape
        padded = np.pad(x, ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0)), mode="reflect")
        top, left = rng.integers(2 * pixels + 1, size=(2, count))
        flipped = rng.random(count) < 0.5 if flip else np.zeros(count, bool)
        row_index = top[:, None] + np.arange(rows)
        column_index = np.where(flipped[:, None], np.arange(columns)[::-1], np.arange(columns)) + left[:, None]
        return padded[np.arange(count)[:, None, None], row_index[:, :, None], column_index[:, None, :]]

    return augment
