"""CONV_2D: 2-D convolution, grouped or dense."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import ClassVar

import numpy as np

from tinyengine_tf.errors import InvalidIR
from tinyengine_tf.ir import DType, Op, Tensor, Values
from tinyengine_tf.ops.base import ACTIVATIONS, HW, Constraint, RawOpLike, Reject, Rule, operator, whole_range
from tinyengine_tf.ops.fixedpoint import (
    MAX_SHIFT,
    RATIO_RULE,
    WIDE_LIMIT,
    WIDE_MAX_SHIFT,
    Multiplier,
    activation_range,
    integer_matmul,
    quantize_multiplier,
    requantize,
    requantize_wide,
)
from tinyengine_tf.ops.narrowing import narrowing
from tinyengine_tf.ops.window import WINDOW_RULES, WindowOp, parse_window

FOUR_DIMENSIONS = Rule("input, weights and output have four dimensions")
BATCH_AND_FILTERS = Rule("the output has the input's batch and one channel per filter")
GROUPS = Rule("channels divide evenly into groups")
ACTIVATION = Rule("the fused activation is NONE, RELU, RELU6 or RELU_N1_TO_1")
ONE_SCALE = Rule("int8 tensors have a scale and a zero point, one per tensor")
ACTIVATION_LIMIT = Rule("6 (or 1) divided by the output's scale, the fused activation's limit, stays below 2^31")
CLAMP_RULES = (ACTIVATION, ONE_SCALE, ACTIVATION_LIMIT)
LARGEST_LIMIT = {"RELU6": 6.0, "RELU_N1_TO_1": 1.0}


@dataclass(frozen=True, kw_only=True, eq=False)
class WeightedOp(Op):
    """What CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV and FULLY_CONNECTED share.

    inputs   data, weights (int8; beside int8 data also int4), bias (int32, or int64 beside int16 data; may be absent)
    clamp    fused activation as a range of the output's type, inclusive
    """

    ROLES: ClassVar = ("data", "weights", "bias")
    CHANNEL_AXIS: ClassVar[int] = 0
    BIAS_BESIDE_INT16: ClassVar[tuple[DType, ...]] = (DType.INT64,)
    """Types of bias that TFLM computes with where data is int16."""

    clamp: tuple[int, int] = (-128, 127)

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

    @cached_property
    def bias_values(self) -> np.ndarray:
        """int64 bias per output channel, zeros where the operator has none."""
        if self.bias is None:
            return np.zeros(self.out_channels, np.int64)
        return self.bias.values.reshape(-1).astype(np.int64)

    @cached_property
    def multipliers(self) -> tuple[Multiplier, ...]:
        """Requantisation per output channel: input scale * weight scale / output scale."""
        assert self.weights.quant is not None
        return channel_multipliers(self.input.scale, self.weights.quant.scales, self.output.scale, self.out_channels)

    @property
    def wide(self) -> bool:
        """Whether TFLM sums in 64 bits, and requantises as it does such sums: data is int16 and the bias not int32."""
        return self.input.dtype is DType.INT16 and (self.bias is None or self.bias.dtype is not DType.INT32)

    @property
    def largest_sums(self) -> np.ndarray:
        """int64 per output channel: what no partial sum of it exceeds, in any order, the bias included."""
        w = np.abs(self.weights.values.astype(np.int64))
        sums = w.sum(axis=tuple(i for i in range(w.ndim) if i != self.CHANNEL_AXIS))
        return np.abs(self.bias_values) + (2**15 if self.input.dtype is DType.INT16 else 256) * sums

    @property
    def mixes_channels(self) -> bool:
        """Whether every output channel reads every input channel through a weight."""
        return False

    @property
    def reads_padding(self) -> bool:
        return False

    @property
    def weight_matrix(self) -> np.ndarray:
        """int64 [output channels, taps, input channels that each reads]."""
        w = self.weights.values.astype(np.int64)
        return w.reshape(w.shape[0], -1, w.shape[-1])

    def work(self) -> dict[str, float]:
        quant = self.weights.quant
        own_shifts = quant is not None and quant.per_channel
        return super().work() | narrowing(self.output, self.clamp, own_shifts) | {"mac": float(self.macs)}

    def requantized(self, sums: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
        """Sums of products, their last dimension the output channels, as the output shows them."""
        sums = sums if bias is None else sums + bias.reshape(-1)
        narrow = requantize_wide if self.wide else requantize
        channels = [narrow(sums[..., c], m) for c, m in enumerate(self.multipliers)]
        return np.clip(np.stack(channels, axis=-1) + self.output.zero_point, *self.clamp)


@lru_cache(maxsize=4096)
def channel_multipliers(
    input_scale: float, scales: tuple[float, ...], output_scale: float, channels: int
) -> tuple[Multiplier, ...]:
    each = tuple(quantize_multiplier(input_scale * s / output_scale) for s in scales)
    return each if len(each) > 1 else each * channels


def operands(values: Values) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Data, weights, and bias where there is one."""
    x, w, *bias = values
    return x, w, bias[0] if bias else None


def weights_are_constant(op: WeightedOp) -> bool:
    return op.weights.const and (op.bias is None or op.bias.const)


def scales_follow_channels(op: WeightedOp) -> bool:
    """One scale for all weights, or one per output channel, along the dimension of output channels."""
    quant = op.weights.quant
    if quant is None or not quant.per_channel:
        return True
    return quant.axis == op.CHANNEL_AXIS and len(quant.scales) == op.out_channels


def bias_per_channel(op: WeightedOp) -> bool:
    return op.bias is None or op.bias.elements == op.out_channels


def weights_match_data(op: WeightedOp) -> bool:
    return op.weights.dtype in ((DType.INT8,) if op.input.dtype is DType.INT16 else (DType.INT8, DType.INT4))


def bias_matches_data(op: WeightedOp) -> bool:
    if op.bias is None:
        return True
    return op.bias.dtype in (op.BIAS_BESIDE_INT16 if op.input.dtype is DType.INT16 else (DType.INT32,))


def no_overflow(op: WeightedOp) -> bool:
    """No order of summation can overflow TFLM's sums."""
    if op.weights.data is None or not bias_per_channel(op):
        return True
    return int(op.largest_sums.max(initial=0)) < (WIDE_LIMIT if op.wide else 2**31)


def ratio_fits(op: WeightedOp) -> bool:
    return all(m.shift <= (WIDE_MAX_SHIFT if op.wide else MAX_SHIFT) for m in op.multipliers)


WEIGHTED: tuple[Constraint, ...] = (
    *ACTIVATIONS,
    Constraint(
        "it has no input beyond data, weights and bias", lambda op: len(op.inputs) <= 3, lambda op: len(op.inputs)
    ),
    Constraint("weights and bias are constant", weights_are_constant),
    Constraint(
        "weights are int8 (or int4) and bias int32 (where data is int16: as TFLM takes it, int64 or int32)",
        lambda op: weights_match_data(op) and bias_matches_data(op),
        lambda op: f"{op.weights.dtype.tflite_name}{'' if op.bias is None else ', ' + op.bias.dtype.tflite_name}",
    ),
    Constraint("weights have one scale, or one per output channel", scales_follow_channels),
    Constraint("bias has one value per output channel", bias_per_channel),
    Constraint(
        "|bias| + 256 * sum of |weights| of each channel stays below 2^31, so 32-bit sums are exact "
        "(int16 data: 2^15 * sum of |weights|; 2^47 where TFLM sums in 64 bits)",
        no_overflow,
    ),
    Constraint(f"{RATIO_RULE} (2^7 times where TFLM sums int16 data in 64 bits)", ratio_fits),
)


@operator("CONV_2D", needs=2)
@dataclass(frozen=True, kw_only=True, eq=False)
class Conv2D(WindowOp, WeightedOp):
    """2-D convolution, NHWC input, OHWI weights, dense or grouped, any stride, dilation and padding."""

    RULES: ClassVar = (
        FOUR_DIMENSIONS,
        BATCH_AND_FILTERS,
        GROUPS,
        *WINDOW_RULES,
        *CLAMP_RULES,
    )

    CHANNEL_AXIS: ClassVar = 0
    BIAS_BESIDE_INT16: ClassVar = (DType.INT64, DType.INT32)
    CONSTRAINTS: ClassVar = WEIGHTED

    @property
    def mixes_channels(self) -> bool:
        return self.groups == 1

    @property
    def groups(self) -> int:
        return self.input.shape[3] // self.weights.shape[3]

    @property
    def macs(self) -> int:
        return self.output.elements * self.weights.elements // self.weights.shape[0]

    def compute(self, values: Values) -> Values:
        x, w, bias = operands(values)
        filters = w.reshape(self.groups, -1, w[0].size)
        seen = self.window.patches(x.astype(np.int64) - self.input.zero_point, self.out_image, 0)
        by_group = seen.reshape(-1, self.window.kernel.h * self.window.kernel.w, self.groups, w.shape[3])
        by_group = by_group.transpose(2, 0, 1, 3).reshape(self.groups, -1, w[0].size)
        sums = integer_matmul(by_group, filters.transpose(0, 2, 1))  # [groups, pixels, filters of a group]
        return (self.requantized(sums.transpose(1, 0, 2).reshape(-1, self.out_channels), bias),)

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, w, y = inputs[0], inputs[1], outputs[0]
        if x is None or w is None or any(len(t.shape) != 4 for t in (x, w, y)):
            raise Reject(FOUR_DIMENSIONS)
        if y.shape[3] != w.shape[0] or y.shape[0] != x.shape[0]:
            raise Reject(BATCH_AND_FILTERS, f"{x.shape}, {w.shape} -> {y.shape}")
        if x.shape[3] % w.shape[3] or w.shape[0] % (x.shape[3] // w.shape[3]):
            raise Reject(GROUPS, f"{x.shape[3]} channels, weights {w.shape}")
        window = parse_window(raw.options, HW(*w.shape[1:3]), HW(*x.shape[1:3]), HW(*y.shape[1:3]))
        return (cls(inputs=inputs, outputs=outputs, window=window, clamp=fused_clamp(raw, y)),)

    def check(self) -> None:
        self.window.check(self.image, self.out_image)
        if self.weights.shape[1:3] != self.window.kernel:
            raise InvalidIR(f"weights {self.weights.shape} for window {self.window.kernel}", where=self.name)


def fused_clamp(raw: RawOpLike, output: Tensor) -> tuple[int, int]:
    """The fused activation of an operator as a range of the output's integer type."""
    activation = raw.options["fused_activation_function"]
    if activation not in ("NONE", "RELU", "RELU6", "RELU_N1_TO_1"):
        raise Reject(ACTIVATION, activation)
    if output.quant is None or output.quant.per_channel:
        raise Reject(ONE_SCALE, output)
    if activation in LARGEST_LIMIT and LARGEST_LIMIT[activation] / output.scale >= 2**31:
        raise Reject(ACTIVATION_LIMIT, f"scale {output.scale:.3g}")
    return activation_range(activation, output.scale, output.zero_point, *whole_range(output))
