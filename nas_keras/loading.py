"""Training data of any accepted kind -> Data: arrays in memory, every assumption about them checked.

Raises UsageError with what was found, what is accepted and what to do about it; `where` names the data in messages.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from nas_keras.data import Data
from tinyengine_tf.errors import UsageError

ENDLESS = -1  # tf.data.INFINITE_CARDINALITY
PLANES = (1, 3)  # channels of images


def load(source: Any, *, where: str, classes: int | None = None) -> Data:
    """Data from (x, y) arrays, a tf.data.Dataset, or a Keras Sequence.

    x without a channel axis (count, rows, columns) gains one; (count, features) is refused. y may be class indices or
    one-hot rows.
    """
    x, y = (source.x, source.y) if isinstance(source, Data) else _arrays(source, where)
    if x.ndim == 3:
        x = x[..., None]
    if x.ndim != 4:
        raise UsageError(
            f"inputs have shape {x.shape}",
            where=where,
            hint="give (count, rows, columns, channels) or (count, rows, columns); a series has one column",
        )
    labels = _labels(y, where)
    if len(x) != len(labels) or len(x) == 0:
        raise UsageError(
            f"{len(x)} inputs and {len(labels)} labels", where=where, hint="give one label per input, at least one"
        )
    x = _numbers(x, where)
    _check_channels_are_last(x, where)
    if labels.min() < 0 or (classes is not None and labels.max() >= classes):
        top = "classes" if classes is None else str(classes)
        raise UsageError(
            f"labels run from {labels.min()} to {labels.max()}", where=where, hint=f"labels must lie in [0, {top})"
        )
    return Data(x, labels.astype(np.int32))


def _numbers(x: np.ndarray, where: str) -> np.ndarray:
    """Inputs as uint8, int8 or finite float32."""
    if x.dtype.kind == "c":
        raise UsageError(
            "inputs are complex numbers",
            where=where,
            hint="give np.abs(x), or real and imaginary parts as two channels: np.stack([x.real, x.imag], axis=-1)",
        )
    if x.dtype.kind not in "uifb":
        raise UsageError(f"inputs are of type {x.dtype}", where=where, hint="give numbers")
    if x.dtype in (np.uint8, np.int8):
        return x
    x = x.astype(np.float32)
    bad = np.flatnonzero(~np.isfinite(x).all(axis=(1, 2, 3)))
    if len(bad):
        raise UsageError(
            f"{len(bad)} inputs contain NaN or infinity, the first is number {bad[0]}",
            where=where,
            hint="remove or repair them: training would silently fail",
        )
    return x


def _check_channels_are_last(x: np.ndarray, where: str) -> None:
    """Refuses what looks like images of another framework: few rows, as many channels as an image has columns."""
    planes, rows, columns = x.shape[1:]
    square = rows == columns >= 8
    image = planes in PLANES and (square or (planes == 3 and min(rows, columns) >= 16))
    if image:
        raise UsageError(
            f"inputs of {planes} rows, {rows} columns and {columns} channels look like images, channels first",
            where=where,
            hint="give np.moveaxis(x, 1, -1); for a series of that shape exchange rows and columns: x.swapaxes(1, 2)",
        )


def _labels(y: np.ndarray, where: str) -> np.ndarray:
    """Class indices as integers; one-hot rows are understood, other targets are refused with a remedy."""
    if y.ndim > 1 and y.shape[-1] == 1:
        y = y[..., 0]
    if y.dtype.kind in "USO":
        raise UsageError(
            f"labels are text or objects such as {y.flat[0]!r}" if y.size else "labels are text",
            where=where,
            hint="number the classes: names, y = np.unique(y, return_inverse=True)",
        )
    if y.dtype.kind not in "uifb":
        raise UsageError(f"labels are of type {y.dtype}", where=where, hint="give class indices 0, 1, 2, ...")
    if y.ndim == 2:
        return _of_one_hot(y, where)
    if y.ndim != 1:
        raise UsageError(
            f"targets have shape {y.shape}", where=where, hint="one class per input: class indices or one-hot rows"
        )
    if y.dtype.kind == "f" and y.size:
        whole = np.array_equal(y, np.rint(y))
        raise UsageError(
            f"labels are {y.dtype} numbers"
            if whole
            else f"labels are not whole numbers, e.g. {y[y != np.rint(y)][0]!r}",
            where=where,
            hint="class indices are integers: y.astype(int)"
            if whole
            else "classes are searched for: give their indices 0, 1, 2, ..., such as np.digitize makes of numbers",
        )
    return y.astype(np.int64)


def _of_one_hot(y: np.ndarray, where: str) -> np.ndarray:
    """The class of each row, which must have a single 1 among zeros."""
    ones = (y == 1).sum(axis=1)
    wrong = np.flatnonzero((ones != 1) | ((y != 0).sum(axis=1) != 1))
    if not len(wrong):
        return y.argmax(axis=1)
    several = bool(np.isin(y, (0, 1)).all())
    hint = (
        "give one class per input, or search one network for each label"
        if several
        else "give y.argmax(axis=1) where these are probabilities of classes; numbers to be predicted are not supported"
    )
    row = np.array2string(y[wrong[0]], threshold=8)
    raise UsageError(
        f"targets have {y.shape[1]} columns, and row {wrong[0]}, {row}, is not one-hot",
        where=where,
        hint=hint,
    )


def _arrays(source: Any, where: str) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(source, tuple | list) and len(source) == 2:
        return _array(source[0], "inputs", where), _array(source[1], "labels", where)
    parts = _parts(source, where)
    if not parts:
        raise UsageError("the dataset is empty", where=where)
    xs, ys = ([_array(part[i], name, where) for part in parts] for i, name in enumerate(("inputs", "labels")))
    batched = xs[0].ndim == 4 or (xs[0].ndim == 3 and ys[0].ndim >= 1 and len(xs[0]) == len(ys[0]))
    join = np.concatenate if batched else np.stack
    try:
        return join(xs), join(ys)
    except ValueError as error:
        shapes = sorted({x.shape[1:] if batched else x.shape for x in xs})
        raise UsageError(
            f"inputs differ in shape: {', '.join(map(str, shapes[:3]))}", where=where, hint="resize or pad them to one"
        ) from error


def _parts(source: Any, where: str) -> list[Any]:
    """The pairs (x, y) of a dataset or a Sequence, each an example or a batch."""
    if hasattr(source, "as_numpy_iterator"):
        if hasattr(source, "cardinality") and int(source.cardinality()) == ENDLESS:
            raise UsageError(
                "the dataset has no end", where=where, hint="leave out .repeat(), or take a part: dataset.take(count)"
            )
        items = source.as_numpy_iterator()
    elif not isinstance(source, dict) and hasattr(source, "__getitem__") and hasattr(source, "__len__"):
        items = (source[i] for i in range(len(source)))
    else:
        raise UsageError(
            f"cannot read a {type(source).__name__}",
            where=where,
            hint="give (x, y) arrays, a tf.data.Dataset of (x, y), or a Keras Sequence",
        )
    parts, size, most = [], 0, _memory_bytes() // 2
    for part in items:
        if isinstance(part, dict):
            names = ", ".join(map(str, part))
            raise UsageError(
                f"the dataset yields dictionaries of {names}",
                where=where,
                hint=f"map them to pairs (x, y): dataset.map(lambda d: (d[{next(iter(part), 'x')!r}], d[...]))",
            )
        if not isinstance(part, tuple | list) or len(part) != 2:
            raise UsageError("the dataset does not yield pairs (x, y)", where=where)
        parts.append(part)
        size += getattr(part[0], "nbytes", 0)
        if size > most:
            raise UsageError(
                f"more than {most >> 30} GB were read, and there is no end",
                where=where,
                hint="all examples must fit into half of the memory: take a part, dataset.take(count)",
            )
    return parts


def _array(value: Any, what: str, where: str) -> np.ndarray:
    try:
        found = np.asarray(value)
    except ValueError:  # arrays of different shapes
        found = np.empty(0, object)
    if found.dtype == object and not (found.size and isinstance(found.flat[0], str | bytes)):
        raise UsageError(
            f"{what} differ in shape, or are no numbers", where=where, hint="resize or pad them to one shape"
        )
    return found


def _memory_bytes() -> int:
    """Of this machine; where it does not tell, as good as no bound."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 1 << 62
