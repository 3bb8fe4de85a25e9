"""SVDF: a fully-connected layer over features, then over time, of which a memory of the last steps is kept; int8.

Source: Nakkiran et al., Compressing Deep Neural Networks using a Rank-Constrained Topology, 2015; TFLM's svdf_common.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import DType, Tensor, Values
from tinyengine_tf.ops.base import QUANTIZED, Constraint, RawOpLike, Reject, Rule, operator
from tinyengine_tf.ops.fixedpoint import MAX_SHIFT, Multiplier, integer_matmul, quantize_multiplier, requantize, wrap32
from tinyengine_tf.ops.recurrent import VARIABLE, RecurrentOp, require_variable, updated

BIAS_SCALE_TOLERANCE = 1e-5


INT8_EDGES = Rule("input and output are int8")
CONSTANT_WEIGHTS = Rule("its weights are constant int8 with zero point 0")
CONSTANT_TIME = Rule("its weights over time are constant int8 or int16 with zero point 0")
CONSTANT_BIAS = Rule("it has a constant int32 bias, as TFLM demands")
RANK = Rule("the number of filters is a multiple of the rank")
SIZES = Rule("weights, bias, memory and output agree in their sizes")


def no_overflow(op: Svdf) -> bool:
    return op.largest_feature < 2**31 and all(m.shift <= MAX_SHIFT for m in op.multipliers)


def bias_scale_fits(op: Svdf) -> bool:
    given = op.bias.quant.scale if op.bias.quant is not None else 0.0
    return abs(given - float(np.float32(op.memory.scale) * np.float32(op.time.scale))) < BIAS_SCALE_TOLERANCE


@operator("SVDF", needs=5)
@dataclass(frozen=True, kw_only=True, eq=False)
class Svdf(RecurrentOp):
    """Each filter remembers its last products with the input; weighted sums of them make an output.

    inputs   data [batch, features], weights [filters, features], weights over time [filters, steps], bias [units],
             memory [batch, filters * steps]
    outputs  [batch, units], memory
    rank     filters of a unit

    The fused activation has no meaning, as in TFLM: the output's quantisation does its work. Sums over time wrap at 32
    bits, as TFLM's do on every core; exporters choose scales that no real data come near.
    """

    RULES: ClassVar = (
        INT8_EDGES,
        CONSTANT_WEIGHTS,
        CONSTANT_TIME,
        CONSTANT_BIAS,
        VARIABLE,
        RANK,
        SIZES,
    )
    ROLES: ClassVar = ("data", "weights", "weights", "bias", "state")
    OUT_ROLES: ClassVar = ("out", "state")
    CONSTRAINTS: ClassVar = (
        QUANTIZED,
        Constraint("the bias has the scale of memory times weights over time, as TFLM demands", bias_scale_fits),
        Constraint("256 * sum of |weights| of each filter stays below 2^31, as 32-bit sums do", no_overflow),
    )

    variables: int = 1
    rank: int

    @property
    def weights(self) -> Tensor:
        return self._constant(1)

    @property
    def time(self) -> Tensor:
        return self._constant(2)

    @property
    def bias(self) -> Tensor:
        return self._constant(3)

    @property
    def memory(self) -> Tensor:
        return self.updates[0][0]

    def _constant(self, position: int) -> Tensor:
        tensor = self.inputs[position]
        assert tensor is not None
        return tensor

    @property
    def batch(self) -> int:
        return self.input.shape[0]

    @property
    def filters(self) -> int:
        return self.weights.shape[0]

    @property
    def features(self) -> int:
        return self.weights.shape[1]

    @property
    def steps(self) -> int:
        return self.time.shape[1]

    @property
    def units(self) -> int:
        return self.filters // self.rank

    @property
    def macs(self) -> int:
        return self.batch * (self.weights.elements + self.time.elements)

    def work(self) -> dict[str, float]:
        """`mac`: products with the input; `row`: filters, each with a memory that is summed."""
        products, filters = self.batch * self.weights.elements, self.batch * self.filters
        return super().work() | {"mac": float(products), "row": float(filters)}

    @property
    def multipliers(self) -> tuple[Multiplier, Multiplier]:
        """To the memory's scale, and from sums over time to the output's."""
        x, w, m, t, y = (s.scale for s in (self.input, self.weights, self.memory, self.time, self.output))
        return quantize_multiplier(x * w / m), quantize_multiplier(m * t / y)

    @property
    def largest_feature(self) -> int:
        """What no product with the input exceeds."""
        return int(np.abs(self.weights.values.astype(np.int64)).sum(axis=1).max()) * 256

    def compute(self, values: Values) -> Values:
        x, weights, time, bias, memory = values
        into, out = self.multipliers
        info, zero = np.iinfo(self.memory.dtype.numpy), self.memory.zero_point
        products = requantize(integer_matmul(x.astype(np.int64) - self.input.zero_point, weights.T), into)
        newest = np.clip(products, info.min, info.max) + zero
        before = memory.astype(np.int64).reshape(self.batch, self.filters, self.steps)
        after = np.concatenate([before[:, :, 1:], newest[:, :, None].astype(self.memory.dtype.numpy)], axis=2)
        by_filter = ((after - zero) * time).sum(axis=2)
        sums = wrap32(by_filter.reshape(self.batch, self.units, self.rank).sum(axis=2) + bias)
        return np.clip(requantize(sums, out) + self.output.zero_point, -128, 127), after

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Svdf, ...]:
        x, weights, time, bias = inputs[:4]
        y, rank = outputs[0], raw.options["rank"]
        if x is None or x.dtype is not DType.INT8 or y.dtype is not DType.INT8:
            raise Reject(INT8_EDGES, f"{x} -> {y}")
        if weights is None or not weights.const or weights.dtype is not DType.INT8 or weights.zero_point:
            raise Reject(CONSTANT_WEIGHTS, weights)
        if time is None or not time.const or time.dtype not in (DType.INT8, DType.INT16) or time.zero_point:
            raise Reject(CONSTANT_TIME, time)
        if bias is None or not bias.const or bias.dtype is not DType.INT32:
            raise Reject(CONSTANT_BIAS, bias)
        memory = require_variable(inputs[4], "memory", time.dtype)
        if rank < 1 or weights.shape[0] % rank:
            raise Reject(RANK, rank)
        op = cls(inputs=(x, weights, time, bias, memory), outputs=(y, updated(memory)), rank=rank)
        if not op.fits_together:
            raise Reject(SIZES, f"{x} -> {y}")
        return (op,)

    @property
    def fits_together(self) -> bool:
        return (
            self.input.shape == (self.batch, self.features)
            and self.time.shape == (self.filters, self.steps)
            and self.bias.shape == (self.units,)
            and self.memory.shape == (self.batch, self.filters * self.steps)
            and self.output.shape == (self.batch, self.units)
        )

    def check(self) -> None:
        if not self.fits_together:
            raise InvalidIR(f"{self.input!r} -> {self.output!r}", where=self.name)
