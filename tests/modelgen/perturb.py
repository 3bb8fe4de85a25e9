"""Change what a model says while its file stays well formed: other shapes, types, scales, options, connections.

Damaged bytes mostly stop at the reader; these models reach the importer and everything behind it.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from tests.modelgen.builder import ModelBuilder

_TYPES = ("INT8", "INT8", "UINT8", "INT16", "INT32", "INT64", "FLOAT32", "BOOL", "FLOAT16", "INT4")
_SCALES = (1e-38, 1e-9, 1e-4, 1 / 256, 0.5, 1.0, 3.0, 1e4, 1e9, 3e38)
_INTEGERS = (-(2**31), -129, -2, -1, 0, 1, 2, 3, 7, 127, 255, 2**15, 2**31 - 1)

_NAMES = (
    ("SAME", "VALID"),
    ("NONE", "RELU", "RELU6", "RELU_N1_TO_1", "TANH"),
    ("INT8", "INT16", "INT32", "INT64", "FLOAT32", "BOOL"),
)


def _shape(b: ModelBuilder, rng: random.Random) -> None:
    tensor = rng.choice(b._tensors)
    shape = list(tensor.shape)
    kind = rng.randrange(4)
    if kind == 0 or not shape:
        shape.insert(rng.randint(0, len(shape)), rng.choice((0, 1, 2)))
    elif kind == 1:
        del shape[rng.randrange(len(shape))]
    elif kind == 2:
        rng.shuffle(shape)
    else:
        shape[rng.randrange(len(shape))] = rng.choice((0, 1, 2, 3, 5, 64))
    tensor.shape = tuple(shape)
    if tensor.data is not None and rng.random() < 0.8:  # the constant keeps its type and gets values for its new shape
        old = np.frombuffer(tensor.data, np.uint8)
        nbytes = old.size * max(1, int(np.prod(shape))) // max(1, old.size)
        tensor.data = np.resize(old, nbytes * _width(tensor.dtype)).tobytes() if old.size else b""


def _width(dtype: str) -> int:
    return {"INT64": 8, "INT32": 4, "FLOAT32": 4, "INT16": 2, "FLOAT16": 2}.get(dtype, 1)


def _type(b: ModelBuilder, rng: random.Random) -> None:
    tensor = rng.choice(b._tensors)
    old, tensor.dtype = tensor.dtype, rng.choice(_TYPES)
    if tensor.data is not None and "INT4" not in (old, tensor.dtype):
        elements = len(tensor.data) // _width(old)
        tensor.data = bytes(rng.randrange(256) for _ in range(elements * _width(tensor.dtype)))


def _quantisation(b: ModelBuilder, rng: random.Random) -> None:
    tensor = rng.choice(b._tensors)
    kind = rng.randrange(4)
    if kind == 0:
        tensor.scales, tensor.zero_points = [], []
    elif kind == 1 and tensor.shape:
        tensor.axis = rng.randrange(len(tensor.shape))
        tensor.scales = [rng.choice(_SCALES) for _ in range(tensor.shape[tensor.axis])]
        tensor.zero_points = [rng.choice((0, 0, 1))] * len(tensor.scales)
    elif kind == 2:
        tensor.zero_points = [rng.choice((-128, -1, 0, 1, 5, 127)) for _ in tensor.scales]
    else:
        tensor.scales = [rng.choice(_SCALES) for _ in tensor.scales]


def _list(b: ModelBuilder, rng: random.Random) -> None:
    """One entry of a constant list: an axis, a shape, a padding."""
    lists = [t for t in b._tensors if t.data and t.dtype == "INT32"]
    if lists:
        tensor = rng.choice(lists)
        values = np.frombuffer(tensor.data, "<i4").copy()  # type: ignore[arg-type]
        values[rng.randrange(values.size)] = rng.choice(_INTEGERS)
        tensor.data = values.tobytes()


def _option(b: ModelBuilder, rng: random.Random) -> None:
    op = rng.choice([op for op in b._ops if op.options] or b._ops)
    if op.options:
        key = rng.choice(list(op.options))
        op.options[key] = _other(op.options[key], rng)


def _other(value: Any, rng: random.Random) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return rng.choice(_INTEGERS)
    if isinstance(value, float):
        return rng.choice((-1e30, -1.0, 0.0, 1e-30, 0.5, 1.0, 1e30))
    if isinstance(value, (list, tuple)):
        return [rng.choice((v, *_INTEGERS)) for v in value]
    return rng.choice(next(group for group in _NAMES if value in group))


def _connection(b: ModelBuilder, rng: random.Random) -> None:
    op = rng.choice(b._ops)
    side = rng.choice((op.inputs, op.outputs))
    kind = rng.randrange(4)
    if kind == 0:
        side.append(rng.randrange(len(b._tensors)))
    elif side and kind == 1:
        side.pop(rng.randrange(len(side)))
    elif side:
        side[rng.randrange(len(side))] = rng.randrange(-1 if side is op.inputs else 0, len(b._tensors))


def _operator(b: ModelBuilder, rng: random.Random) -> None:
    """Another operator in the same place, with default options."""
    op = rng.choice(b._ops)
    op.opcode, op.options = rng.choice(b._ops).opcode, {}


def _ends(b: ModelBuilder, rng: random.Random) -> None:
    side = rng.choice((b._inputs, b._outputs))
    if side and rng.random() < 0.3:
        side.pop()
    else:
        side.append(rng.randrange(len(b._tensors)))


_KINDS = (
    _shape,
    _shape,
    _type,
    _quantisation,
    _quantisation,
    _list,
    _list,
    _option,
    _option,
    _connection,
    _operator,
    _ends,
)


def perturb(model: ModelBuilder, rng: random.Random) -> bytes:
    """The file of `model` (which is changed) after one to three changes."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        rng.choice(_KINDS)(model, rng)
    return model.finish()
