"""What exporters compute shapes with, and nothing else: never run on the target, always known beforehand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tinyengine_tf.ir import DType, Op, Tensor, Values
from tinyengine_tf.ops.base import Definition, RawOpLike, Reject, Rule, operator

Result = np.ndarray | None
FUNCTIONS: Mapping[str, Callable[[Mapping[str, Any], list[np.ndarray]], Result]] = {
    "REDUCE_PROD": lambda options, v: _product(v[0], v[1], bool(options["keep_dims"])),
    "RANGE": lambda options, v: _range(*v[:3]),
    "FLOOR_DIV": lambda options, v: _divided(np.floor_divide, *v[:2]),
    "FLOOR_MOD": lambda options, v: _divided(np.mod, *v[:2]),
}
MOST_ELEMENTS = 1 << 16
INTEGERS = (DType.INT32, DType.INT64)

KNOWN_INPUTS = Rule("its inputs are constant integers, as where exporters compute shapes (fix the batch size)")
DEFINED = Rule("its inputs have a result: existing axes, no division by zero, at most 65536 elements")
RESULT_SHAPE = Rule("the output is integers of the result's shape")


def _product(values: np.ndarray, axes: np.ndarray, keep: bool) -> Result:
    rank, given = values.ndim, [int(a) for a in axes.reshape(-1)]
    if any(not -rank <= a < rank for a in given):
        return None
    return np.asarray(np.multiply.reduce(values, axis=tuple({a % rank for a in given}), keepdims=keep))


def _range(start: np.ndarray, limit: np.ndarray, step: np.ndarray) -> Result:
    if start.size != 1 or limit.size != 1 or step.size != 1 or not step.item():
        return None
    count = -((start.item() - limit.item()) // step.item())
    return start.item() + step.item() * np.arange(count) if 0 <= count <= MOST_ELEMENTS else None


def _divided(function: Callable[[np.ndarray, np.ndarray], np.ndarray], a: np.ndarray, b: np.ndarray) -> Result:
    fits = a.shape == b.shape or a.size == 1 or b.size == 1
    return np.asarray(function(a, b)) if fits and b.all() else None


@operator(
    *FUNCTIONS,
    needs={"REDUCE_PROD": 2, "RANGE": 3, "FLOOR_DIV": 2, "FLOOR_MOD": 2},
    summaries={
        "REDUCE_PROD": "Product of constant integers over any dimensions, as in computed shapes.",
        "RANGE": "Constant integers from a start to a limit, as in computed shapes.",
        "FLOOR_DIV": "Constant integers divided, rounded down, as in computed shapes.",
        "FLOOR_MOD": "What is left of such a division.",
    },
    definitions=dict.fromkeys(FUNCTIONS, Definition.TFLITE),
)
@dataclass(frozen=True, kw_only=True, eq=False)
class ShapeArithmetic(Op):
    """A result on constant integers."""

    RULES: ClassVar = (KNOWN_INPUTS, DEFINED, RESULT_SHAPE)

    value: np.ndarray

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        y, given = outputs[0], [t for t in inputs if t is not None]
        if any(t.data is None or t.dtype not in INTEGERS for t in given):
            raise Reject(KNOWN_INPUTS, given)
        value = FUNCTIONS[raw.opcode](raw.options, [t.values.astype(np.int64) for t in given])
        if value is None:
            raise Reject(DEFINED, [t.values.tolist() for t in given])
        if value.shape != y.shape or y.dtype not in INTEGERS:
            raise Reject(RESULT_SHAPE, f"{y} where {value.shape} is expected")
        return (cls(inputs=(), outputs=outputs, value=value.astype(y.dtype.numpy)),)

    def compute(self, values: Values) -> Values:
        return (self.value,)
