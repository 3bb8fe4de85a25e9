"""Which augmentation a search uses, and what tells two of them apart."""

from __future__ import annotations

import copy
import inspect
import zlib
from typing import Any

import numpy as np

from nas_keras.data import Augment, Data, augmented, shift_images
from tinyengine_tf.errors import UsageError

PROBE_EXAMPLES = 16
KERAS = ("keras", "tf_keras", "tensorflow")


def choose_augment(given: Any, train: Data) -> Augment | None:
    """For "auto" shifts by an eighth for square uint8 images, mirrored too when they have colours."""
    if given is None:
        return None
    if isinstance(given, str) and given == "auto":
        rows, columns, channels = train.shape
        images = train.x.dtype == np.uint8 and rows == columns >= 16
        return shift_images(rows // 8, flip=channels == 3) if images else None
    if any(kind.__module__.partition(".")[0] in KERAS for kind in type(given).__mro__):
        raise UsageError(
            f"augment is of Keras, a {type(given).__name__}, which draws random numbers of its own: a search that was "
            "stopped would not go on as it began",
            where="augment",
            hint="give a function (x, rng) -> x on numpy arrays, such as nas_keras.data.shift_images(4)",
        )
    if not callable(given) or not _takes_two(given):
        raise UsageError(f"augment is {given!r}", where="augment", hint='"auto", None, or a function (x, rng) -> x')
    return given


def _takes_two(function: Any) -> bool:
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:
        return False
    except ValueError:  # builtins that do not tell
        return True
    return True


def effect(augment: Augment | None, train: Data) -> int:
    """A number that is equal for augmentations that do the same to the first examples: those of one search.

    Functions cannot be compared, what they do can. A copy is tried, so that an object which counts is not disturbed.
    What draws random numbers of its own, not those of `rng`, does not repeat: of that only the code is compared.
    """
    x = train.x[:PROBE_EXAMPLES]
    if augment is None:
        return zlib.crc32(x.tobytes())
    tries = [_try(augment, x) for _ in range(2)]
    if tries[0] is not None and tries[0] == tries[1]:
        return tries[0]
    code = getattr(augment, "__code__", None) or getattr(type(augment).__call__, "__code__", None)
    return zlib.crc32(code.co_code if code is not None else type(augment).__qualname__.encode())


def _try(augment: Augment, x: np.ndarray) -> int | None:
    """The checksum of what a copy makes of `x`, None for one that fails: training will tell."""
    try:
        made = augmented(copy.deepcopy(augment), x.copy(), np.random.default_rng(0))
    except UsageError:
        raise
    except Exception:
        return None
    return zlib.crc32(np.ascontiguousarray(made).tobytes())
