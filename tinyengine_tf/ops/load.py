"""A constant brought into the arena, for an operator that can only read computed data. No .tflite operator is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import Op, Values
from tinyengine_tf.ops.runs import Run, moves


@dataclass(frozen=True, kw_only=True, eq=False)
class Load(Op):
    """The output is a copy of the constant input."""

    KIND: ClassVar[str] = "Load"
    MOVES: ClassVar = True

    @property
    def is_known(self) -> bool:
        """It is there to be carried out."""
        return False

    def work(self) -> dict[str, float]:
        return super().work() | moves([Run(1, self.output.elements, self.output.dtype.nbytes)])

    def compute(self, values: Values) -> Values:
        return (values[0],)

    def check(self) -> None:
        if not self.input.const or self.input.shape != self.output.shape or self.input.dtype is not self.output.dtype:
            raise InvalidIR(f"loads {self.input!r} into {self.output!r}", where=self.name)
