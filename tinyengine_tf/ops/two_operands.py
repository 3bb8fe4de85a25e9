"""What all operators of two operands that broadcast have in common."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from tinyengine_tf.ir import Op, Tensor
from tinyengine_tf.ops.broadcast import Loop, broadcast_loops, broadcast_work


@dataclass(frozen=True, kw_only=True, eq=False)
class TwoOperands(Op):
    """Elementwise on `a` and `b`, whose shapes broadcast to the output's.

    function  the .tflite operator's name
    """

    function: str

    @property
    def KIND(self) -> str:  # type: ignore[override]
        """Tables and messages name the operator, not the family."""
        return self.function

    @property
    def variant(self) -> str:
        return self.function

    def work(self) -> dict[str, float]:
        return super().work() | broadcast_work(self.loops)

    @property
    def a(self) -> Tensor:
        return self.input

    @property
    def b(self) -> Tensor:
        assert self.inputs[1] is not None
        return self.inputs[1]

    @cached_property
    def loops(self) -> tuple[Loop, ...]:
        return broadcast_loops(self.a.shape, self.b.shape)
