"""CONCATENATION and PACK: tensors side by side along one dimension."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import DType, Op, Tensor, Values
from tinyengine_tf.ops.base import Constraint, RawOpLike, Reject, Rule, operator
from tinyengine_tf.ops.runs import Run, moves, share_of_words
from tinyengine_tf.ops.slice import AXIS, resolve_axis

NO_ABSENT_INPUT = Rule("no input is absent")
NO_ACTIVATION = Rule("there is no fused activation, as TFLM demands")
COUNT = Rule("values_count is the number of inputs")
OTHER_DIMENSIONS = Rule("inputs agree with the output in every other dimension")
WHOLE_DIMENSION = Rule("inputs make up the output's dimension")


def same_types(op: Op) -> bool:
    return all(t is not None and t.dtype is op.output.dtype for t in op.inputs)


def same_quantization(op: Op) -> bool:
    if op.output.dtype is not DType.INT8:
        return True
    return all(t is not None and t.quant == op.output.quant for t in op.inputs)


@operator(
    "CONCATENATION",
    "PACK",
    summaries={
        "CONCATENATION": "Tensors of any element type side by side along one dimension.",
        "PACK": "Tensors of one shape and any element type side by side along a new dimension.",
    },
)
@dataclass(frozen=True, kw_only=True, eq=False)
class Concatenation(Op):
    """Tensors side by side along one dimension (PACK: along a new one), of any element type.

    outer    indices before that dimension, joined: for each of them, every input contributes its share in turn
    """

    RULES: ClassVar = (
        NO_ABSENT_INPUT,
        NO_ACTIVATION,
        COUNT,
        AXIS,
        OTHER_DIMENSIONS,
        WHOLE_DIMENSION,
    )

    CONSTRAINTS: ClassVar = (
        Constraint("inputs and output have the same element type", same_types),
        Constraint("int8 inputs have the output's scale and zero point, as TFLM demands", same_quantization),
    )

    MOVES: ClassVar = True

    outer: int

    @property
    def copies_input(self) -> bool:
        return len(self.inputs) == 1

    @property
    def shares(self) -> tuple[int, ...]:
        """Elements that each input contributes for one outer index."""
        return tuple(t.elements // self.outer for t in self.inputs if t is not None)

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        y, new = outputs[0], raw.opcode == "PACK"
        tensors = tuple(t for t in inputs if t is not None)
        if not tensors or len(tensors) != len(inputs):
            raise Reject(NO_ABSENT_INPUT)
        if raw.options.get("fused_activation_function", "NONE") != "NONE":
            raise Reject(NO_ACTIVATION, raw.options["fused_activation_function"])
        if new and raw.options["values_count"] != len(tensors):
            raise Reject(COUNT, raw.options["values_count"])
        axis = resolve_axis(raw.options["axis"], len(y.shape))
        shapes = [(*t.shape[:axis], 1, *t.shape[axis:]) if new else t.shape for t in tensors]
        rest = (*y.shape[:axis], *y.shape[axis + 1 :])
        if any(len(s) != len(y.shape) or (*s[:axis], *s[axis + 1 :]) != rest for s in shapes):
            raise Reject(OTHER_DIMENSIONS, f"{shapes} into {y.shape}")
        if sum(s[axis] for s in shapes) != y.shape[axis]:
            raise Reject(WHOLE_DIMENSION, f"{shapes} into {y.shape}")
        kept = tuple(t for t in tensors if t.elements)
        return (cls(inputs=kept, outputs=outputs, outer=math.prod(y.shape[:axis])),)

    def work(self) -> dict[str, float]:
        runs, width, unit, at = [], self.output.dtype.nbytes, sum(self.shares), 0
        for share in self.shares:
            # Read from `at` before its own beginning, so that both sides count from the first output element.
            words = share_of_words([(self.outer, share, unit)], 0, width) if at * width % 4 == 0 else 0.0
            runs.append(Run(self.outer, share, width, words, looped=True))
            at += share
        return super().work() | moves(runs)

    def compute(self, values: Values) -> Values:
        return (np.concatenate([v.reshape(self.outer, -1) for v in values], axis=1),)

    def check(self) -> None:
        if sum(self.shares) * self.outer != self.output.elements:
            raise InvalidIR(f"{self.inputs} into {self.output!r}", where=self.name)
