"""A graph under construction: int8 tensors that later operators may read, and how they are drawn."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.modelgen import ModelBuilder

MAX_ELEMENTS = 3000
"""Larger results are not kept: compilers and TFLM would take most of a test's time."""

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Value:
    """An int8 tensor of the model."""

    index: int
    shape: Shape
    scale: float
    zero_point: int

    @property
    def quantisation(self) -> dict[str, Any]:
        return {"scale": self.scale, "zero_point": self.zero_point}

    @property
    def elements(self) -> int:
        return int(np.prod(self.shape))


class GraphBuilder:
    """A ModelBuilder that knows which values exist and which of them nobody has read.

    rng       decides everything about the structure; hypothesis shrinks it
    numbers   fills weights
    extreme   scales are drawn over ten orders of magnitude instead of around those of real models
    """

    def __init__(self, rng: random.Random):
        self.rng = rng
        self.numbers = np.random.default_rng(rng.getrandbits(32))
        self.extreme = rng.random() < 0.15
        self.model = ModelBuilder("graph")
        self.values: list[Value] = []
        self.unread: dict[int, None] = {}

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def pick(self, low: int, high: int) -> int:
        """An integer in [low, high]."""
        return self.rng.randint(low, high)

    def scale(self) -> float:
        exponent = self.rng.uniform(-6, 4) if self.extreme else self.rng.uniform(-2, 0)
        return float(np.float32(10**exponent))

    def zero_point(self) -> int:
        return self.rng.choice((-128, 127, 0, self.pick(-128, 127), self.pick(-20, 20)))

    def input(self, shape: Shape) -> Value:
        scale, zero_point = self.scale(), self.zero_point()
        return self.keep(Value(self.model.input(shape, scale=scale, zero_point=zero_point), shape, scale, zero_point))

    def keep(self, value: Value) -> Value:
        self.values.append(value)
        self.unread[value.index] = None
        return value

    def some(self, *ranks: int) -> Value | None:
        """A value of one of these ranks (of any): half the time the newest, for deep graphs, else they branch."""
        found = [v for v in self.values if not ranks or len(v.shape) in ranks]
        return self.rng.choice(self.rng.choice((found[-1:], found[-1:], found[-3:], found))) if found else None

    def constant(self, values: np.ndarray | Sequence[int], **quantisation: Any) -> int:
        array = np.array(values, np.int32) if not isinstance(values, np.ndarray) else values
        return self.model.const(array, **quantisation)

    def weights(self, shape: Shape, **quantisation: Any) -> int:
        """int8 weights: noise, or extremes throughout."""
        drawn = self.numbers.integers(-127, 128, shape) if self.chance(0.9) else self.numbers.choice([-127, 127], shape)
        return self.model.const(drawn.astype(np.int8), **quantisation)

    def int4_weights(self, shape: Shape, **quantisation: Any) -> int:
        """The same in four bits, the lowest value seldom among them, as exporters write it."""
        low = -8 if self.chance(0.2) else -7
        drawn = self.numbers.integers(low, 8, shape) if self.chance(0.9) else self.numbers.choice([low, 7], shape)
        return self.model.const(drawn.astype(np.int8), "INT4", **quantisation)

    def emit(
        self,
        opcode: str,
        inputs: Sequence[Value | int | None],
        shapes: Sequence[Shape],
        like: Value | None = None,
        quantisation: tuple[float, int] | None = None,
        **options: Any,
    ) -> list[Value]:
        """Append an operator with int8 outputs of new quantisation, `like`'s, or a given one; keep the outputs."""
        results = []
        for shape in shapes:
            scale, zero_point = quantisation or (
                (like.scale, like.zero_point) if like else (self.scale(), self.zero_point())
            )
            results.append(
                Value(self.model.tensor(shape, scale=scale, zero_point=zero_point), shape, scale, zero_point)
            )
        self.model.op(opcode, [self.read(i) for i in inputs], [r.index for r in results], **options)
        return [self.keep(r) for r in results]

    def read(self, value: Value | int | None) -> int | None:
        if not isinstance(value, Value):
            return value
        self.unread.pop(value.index, None)
        return value.index
