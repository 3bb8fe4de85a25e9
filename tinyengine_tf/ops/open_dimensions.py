"""Shapes that the exporter did not know, once open dimensions are fixed at 1: an operator, its inputs -> output shapes.

    input (-1, 500, 4)                         fixed: (1, 500, 4)
    RESHAPE to (n * 500, 4), known by now      file: (1, 1), a placeholder; here: (500, 4)
    FULLY_CONNECTED                            file: (1, 32); here: (500, 32)

Only tensors whose signature is open are asked for; others have the shape that the file says. Operators that exporters
put behind such a RESHAPE are here; the shape of others stays, and their rules say what does not fit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tinyengine_tf.ir import Tensor
from tinyengine_tf.ops.base import RawOpLike
from tinyengine_tf.ops.broadcast import broadcast_shape

Shape = tuple[int, ...]
ShapeOf = Callable[[RawOpLike, Sequence[Tensor], Tensor], Shape | None]
"""(operator, its inputs, its output) -> the output's shape, None where it cannot be told."""


def with_known_shape(raw: RawOpLike, inputs: Sequence[Tensor | None], output: Tensor) -> Tensor:
    """The output as it is once the inputs' shapes are known; the same where there is no telling."""
    find = SHAPES.get(raw.opcode)
    present = [t for t in inputs if t is not None]
    if find is None or not present or len(present) < LEAST_INPUTS.get(raw.opcode, 1):
        return output
    shape = find(raw, present, output)
    return output if shape is None or shape == output.shape else replace(output, shape=shape)


def _integers(tensor: Tensor) -> list[int] | None:
    return None if tensor.data is None else [int(v) for v in tensor.values.reshape(-1)]


def _axis(axis: int, rank: int) -> int | None:
    return axis % rank if -rank <= axis < rank else None


def _same(raw: RawOpLike, inputs: Sequence[Tensor], output: Tensor) -> Shape:
    return inputs[0].shape


def _broadcast(raw: RawOpLike, inputs: Sequence[Tensor], output: Tensor) -> Shape | None:
    return broadcast_shape(*(t.shape for t in inputs[:2]))


def _reshape(raw: RawOpLike, inputs: Sequence[Tensor], output: Tensor) -> Shape | None:
    wanted = _integers(inputs[1]) if len(inputs) > 1 else list(raw.options["new_shape"])
    if wanted is None or any(n < -1 for n in wanted) or wanted.count(-1) > 1:
        return None
    known = math.prod(n for n in wanted if n != -1)
    if -1 in wanted and (known == 0 or inputs[0].elements % known):
        return None
    shape = tuple(inputs[0].elements // known if n == -1 else n for n in wanted)
    return shape if math.prod(shape) == inputs[0].elements else None


def _expand(raw: RawOpLike, inputs: Sequence[Tensor], output: Tensor) -> Shape | None:
    axes = _integers(inputs[1])
    axis = _axis(axes[0], len(inputs[0].shape) + 1) if axes else None
    return None if axis is None else (*inputs[0].shape[:axis], 1, *inputs[0].shape[axis:])


def _squeeze(raw: RawOpLike, inputs: Sequence[Tensor], output: Tensor) -> Shape | None:
    shape = inputs[0].shape
    given = [_axis(a, len(shape)) for a in raw.options["squeeze_dims"]]
    dropped = given or [i for i, n in enumerate(shape) if n == 1]
    if any(i is None or shape[i] != 1 for i in dropped):
        return None
    return tuple(n for i, n in enumerate(shape) if i not in dropped)


def _transpose(raw: RawOpLike, inputs: Sequence[Tensor], output: Tensor) -> Shape | None:
    order = _integers(inputs[1])
    shape = inputs[0].shape
    return tuple(shape[i] for i in order) if order is not None and sorted(order) == list(range(len(shape))) else None


def _dense(raw: RawOpLike, inputs: Sequence[Tensor], output: Tensor) -> Shape | None:
    x, w = inputs[:2]
    if len(w.shape) != 2 or not w.shape[1] or x.elements % w.shape[1]:
        return None
    kept = raw.options["keep_num_dims"] and x.shape and x.shape[-1] == w.shape[1]
    return (*x.shape[:-1], w.shape[0]) if kept else (x.elements // w.shape[1], w.shape[0])


def _matmul(raw: RawOpLike, inputs: Sequence[Tensor], output: Tensor) -> Shape | None:
    x, y = inputs[:2]
    if len(x.shape) < 2 or len(y.shape) < 2:
        return None
    stack = broadcast_shape(x.shape[:-2], y.shape[:-2])
    rows, columns = x.shape[-1 if raw.options["adj_x"] else -2], y.shape[-2 if raw.options["adj_y"] else -1]
    return None if stack is None else (*stack, rows, columns)


def _first(raw: RawOpLike, inputs: Sequence[Tensor], output: Tensor) -> Shape | None:
    """The batch follows the input; the rest was known."""
    x, y = inputs[0].shape, output.shape
    return (x[0], *y[1:]) if len(x) == len(y) and y else None


def _concatenation(raw: RawOpLike, inputs: Sequence[Tensor], output: Tensor) -> Shape | None:
    shapes = [t.shape for t in inputs]
    axis = _axis(raw.options["axis"], len(shapes[0]))
    if axis is None or len({(*s[:axis], *s[axis + 1 :]) for s in shapes}) != 1 or len({len(s) for s in shapes}) != 1:
        return None
    return (*shapes[0][:axis], sum(s[axis] for s in shapes), *shapes[0][axis + 1 :])


def _pack(raw: RawOpLike, inputs: Sequence[Tensor], output: Tensor) -> Shape | None:
    axis = _axis(raw.options["axis"], len(inputs[0].shape) + 1)
    return None if axis is None else (*inputs[0].shape[:axis], len(inputs), *inputs[0].shape[axis:])


def _reduced(raw: RawOpLike, inputs: Sequence[Tensor], output: Tensor) -> Shape | None:
    shape, given = inputs[0].shape, _integers(inputs[1])
    axes = None if given is None else {_axis(a, len(shape)) for a in given}
    if axes is None or None in axes:
        return None
    return tuple(1 if i in axes else n for i, n in enumerate(shape) if i not in axes or raw.options["keep_dims"])


def _padded(raw: RawOpLike, inputs: Sequence[Tensor], output: Tensor) -> Shape | None:
    flat, shape = _integers(inputs[1]), inputs[0].shape
    if flat is None or len(flat) != 2 * len(shape) or min(flat, default=0) < 0:
        return None
    return tuple(n + b + a for n, b, a in zip(shape, flat[::2], flat[1::2], strict=True))


def _gathered(raw: RawOpLike, inputs: Sequence[Tensor], output: Tensor) -> Shape | None:
    x, indices = inputs[:2]
    axis = _axis(raw.options["axis"], len(x.shape))
    if axis is None or raw.options["batch_dims"]:
        return None
    return (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])


def _asked_for(raw: RawOpLike, inputs: Sequence[Tensor], output: Tensor) -> Shape | None:
    """BROADCAST_TO names the shape with its second input, FILL with its first."""
    wanted = _integers(inputs[0 if raw.opcode == "FILL" else 1])
    return tuple(wanted) if wanted is not None and min(wanted, default=0) >= 0 else None


ELEMENTWISE = (
    *("RELU", "RELU6", "RELU_N1_TO_1", "LEAKY_RELU", "HARD_SWISH", "ELU", "LOGISTIC", "TANH", "ABS", "RSQRT"),
    *("COS", "EXP", "CEIL", "FLOOR", "LOG", "NEG", "ROUND", "SIN", "SQRT", "SQUARE", "LOGICAL_NOT", "ZEROS_LIKE"),
    *("QUANTIZE", "DEQUANTIZE", "CAST", "SOFTMAX", "LOG_SOFTMAX", "L2_NORMALIZATION", "CUMSUM", "REVERSE_V2", "ADD_N"),
)
BROADCASTING = (
    *("ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "PRELU", "SQUARED_DIFFERENCE", "LOGICAL_AND", "LOGICAL_OR"),
    *("EQUAL", "NOT_EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL"),
)
WINDOWED = ("CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "AVERAGE_POOL_2D")
REDUCING = ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD")

SHAPES: Mapping[str, ShapeOf] = {
    **dict.fromkeys(ELEMENTWISE, _same),
    **dict.fromkeys(BROADCASTING, _broadcast),
    **dict.fromkeys(WINDOWED, _first),
    **dict.fromkeys(REDUCING, _reduced),
    "RESHAPE": _reshape,
    "EXPAND_DIMS": _expand,
    "SQUEEZE": _squeeze,
    "TRANSPOSE": _transpose,
    "FULLY_CONNECTED": _dense,
    "BATCH_MATMUL": _matmul,
    "CONCATENATION": _concatenation,
    "PACK": _pack,
    "PAD": _padded,
    "PADV2": _padded,
    "GATHER": _gathered,
    "BROADCAST_TO": _asked_for,
    "FILL": _asked_for,
}
LEAST_INPUTS: Mapping[str, int] = dict.fromkeys(
    (*BROADCASTING, *REDUCING, "EXPAND_DIMS", "TRANSPOSE", "FULLY_CONNECTED", "BATCH_MATMUL", "PAD", "PADV2", "GATHER")
    + ("BROADCAST_TO",),
    2,
)
