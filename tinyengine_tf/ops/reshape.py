"""Operators that change the shape and nothing else: RESHAPE, SQUEEZE, EXPAND_DIMS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import Op, Tensor, Values
from tinyengine_tf.ops.base import SAME_ELEMENTS, Constraint, RawOpLike, Reject, operator


@operator(
    "RESHAPE",
    "SQUEEZE",
    "EXPAND_DIMS",
    summaries={
        "RESHAPE": "The same elements under another shape; costs nothing.",
        "SQUEEZE": "Dimensions of size 1 left out; costs nothing.",
        "EXPAND_DIMS": "A dimension of size 1 put in; costs nothing.",
    },
)
@dataclass(frozen=True, kw_only=True, eq=False)
class Reshape(Op):
    """The same elements under another shape; input and output share memory, so it costs nothing."""

    RULES: ClassVar = (SAME_ELEMENTS,)

    CONSTRAINTS: ClassVar = (
        Constraint("input and output have the same element type", lambda op: op.input.dtype is op.output.dtype),
    )

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, y = inputs[0], outputs[0]
        if x is None or x.elements != y.elements:
            raise Reject(SAME_ELEMENTS, f"{x} -> {y}")
        return (cls(inputs=(x,), outputs=outputs),)

    @property
    def view_offset(self) -> int:
        return 0

    @property
    def copies_input(self) -> bool:
        return True

    def channelwise(self) -> tuple[Tensor, ...] | None:
        return (self.input,) if self.input.depth == self.output.depth else None

    def compute(self, values: Values) -> Values:
        return (values[0],)

    def check(self) -> None:
        if self.input.elements != self.output.elements:
            raise InvalidIR(f"{self.input!r} reshaped to {self.output!r}", where=self.name)
