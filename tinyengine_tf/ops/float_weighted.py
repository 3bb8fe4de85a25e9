"""What float32 convolutions and fully-connected layers share: sums of products in TFLM's order.

float32 addition is not associative, so the order is a part of the meaning: taps from top left to bottom right, the
channels of each in turn, every product and every sum rounded, the bias last.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.ir import DType, Op, Tensor
from tinyengine_tf.ops.base import Constraint
from tinyengine_tf.ops.float_clamp import NO_CLAMP, FloatRange, limited

Terms = Iterable[tuple[np.ndarray, np.ndarray]]
"""Factors in order; both broadcast to the sums."""


def all_float(op: Op) -> bool:
    return all(t is None or t.dtype is DType.FLOAT32 for t in (*op.inputs, *op.outputs))


def all_types(op: Op) -> str:
    return ", ".join(t.dtype.tflite_name for t in (*op.inputs, *op.outputs) if t is not None)


ALL_FLOAT = Constraint("data, weights and bias are float32", all_float, all_types)


@dataclass(frozen=True, kw_only=True, eq=False)
class FloatWeighted(Op):
    """Data, weights and a bias, which may be absent, all float32.

    clamp    fused activation as a range, inclusive
    """

    ROLES: ClassVar = ("data", "weights", "bias")

    clamp: FloatRange = NO_CLAMP

    @property
    def weights(self) -> Tensor:
        assert self.inputs[1] is not None
        return self.inputs[1]

    @property
    def bias(self) -> Tensor | None:
        return self.inputs[2] if len(self.inputs) > 2 else None

    @property
    def out_channels(self) -> int:
        return self.output.shape[-1]

    def work(self) -> dict[str, float]:
        return super().work() | {"mac": float(self.macs)}

    def finished(self, sums: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
        """Sums of products, their last dimension the output channels, as the output shows them."""
        with np.errstate(all="ignore"):
            return limited(sums if bias is None else sums + bias.reshape(-1), self.clamp)


def sum_of_products(shape: tuple[int, ...], terms: Terms) -> np.ndarray:
    """The products added one after the other, from 0 on."""
    sums = np.zeros(shape, np.float32)
    with np.errstate(all="ignore"):
        for a, b in terms:
            sums += a * b
    return sums


def constant(op: FloatWeighted) -> bool:
    return op.weights.const and (op.bias is None or op.bias.const)


def finite(op: FloatWeighted) -> bool:
    """Then a tap beyond the image adds nothing, be it skipped or multiplied with 0."""
    return op.weights.data is None or bool(np.isfinite(op.weights.values).all())


FLOAT_WEIGHTED: tuple[Constraint, ...] = (
    ALL_FLOAT,
    Constraint(
        "it has no input beyond data, weights and bias", lambda op: len(op.inputs) <= 3, lambda op: len(op.inputs)
    ),
    Constraint("weights and bias are constant", constant),
    Constraint("weights are finite numbers", finite),
    Constraint(
        "bias has one value per output channel",
        lambda op: op.bias is None or op.bias.elements == op.out_channels,
    ),
)
