"""What is known of channels: which hold one constant value, and which somebody needs.

A channel is an index of a tensor's last dimension. Two analyses over the whole graph:

    constants   forward: a convolution whose weights for a channel are all zero makes that channel
                the constant clamp(requantise(bias)); elementwise and pooling operators keep constants
    needed      backward: a channel is needed if a graph output, an operator without a rule here, or a
                weight other than zero reads it. A constant channel is not needed by an operator that
                can add its share to the bias instead. Operators that work channel by channel need
                their inputs' channel if and only if their output's channel is needed, so that all of
                them shrink together or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tinyengine_tf.ir import DType, Graph, Op, Tensor
from tinyengine_tf.ops.binary import Binary
from tinyengine_tf.ops.conv2d import Conv2D, WeightedOp
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.ops.fixedpoint import requantize
from tinyengine_tf.ops.fully_connected import FullyConnected
from tinyengine_tf.ops.lookup import Lookup
from tinyengine_tf.ops.pool2d import Pool2D
from tinyengine_tf.ops.reduce import Mean
from tinyengine_tf.ops.reshape import Reshape


@dataclass(frozen=True, eq=False)
class Constants:
    """Per channel: is it constant (bool), and its value (int64, meaningless elsewhere)."""

    known: np.ndarray
    value: np.ndarray


def channels_of(tensor: Tensor) -> int:
    return tensor.shape[-1] if tensor.shape else 1


def mixes_channels(op: Op) -> bool:
    """Dense products: every output channel reads every input channel through a weight."""
    if isinstance(op, Conv2D):
        return op.groups == 1
    return isinstance(op, FullyConnected) and op.depth == channels_of(op.input) and op.weights_zero_point == 0


def channelwise(op: Op) -> tuple[Tensor, ...] | None:
    """The computed inputs of an operator whose output channel c depends on their channel c alone; None: not such."""
    n = channels_of(op.output)
    if isinstance(op, DepthwiseConv2D):
        return (op.input,) if op.multiplier == 1 else None
    if isinstance(op, Lookup | Pool2D | Reshape):
        return (op.input,) if channels_of(op.input) == n else None
    if isinstance(op, Mean):
        return (op.input,) if channels_of(op.input) == n and len(op.input.shape) - 1 not in op.axes else None
    if isinstance(op, Binary) and op.dtype is DType.INT8:
        operands = (op.a, op.b)
        if all(channels_of(t) == n or t.const and t.elements == 1 for t in operands):
            return op.data_inputs
    return None


def weight_matrix(op: WeightedOp) -> np.ndarray:
    """Dense weights as [out, taps, in], depthwise as [channels, taps, 1]; int64."""
    w = op.weights.values.astype(np.int64)
    if isinstance(op, DepthwiseConv2D):
        return w.reshape(-1, w.shape[-1]).T[:, :, None]
    return w.reshape(w.shape[0], -1, w.shape[-1])


def foldable(op: WeightedOp, constants: Constants) -> np.ndarray:
    """Input channels whose constant can move into the bias: bool per channel.

    Padding stands for the zero point, so another constant can only move if no window touches padding.
    """
    zero = constants.known & (constants.value == op.input.zero_point)
    if isinstance(op, FullyConnected):
        return constants.known
    assert isinstance(op, Conv2D | DepthwiseConv2D)
    after = op.window.padding_after(op.image, op.out_image)
    padded = op.window.pad_top or op.window.pad_left or after.h or after.w
    return zero if padded else constants.known


def folded_share(op: WeightedOp, constants: Constants, fold: np.ndarray) -> np.ndarray:
    """What the channels in `fold` add to each output channel's sum: int64 per output channel."""
    offsets = np.where(fold, constants.value - op.input.zero_point, 0)
    w = weight_matrix(op).sum(axis=1)
    return w[:, 0] * offsets if isinstance(op, DepthwiseConv2D) else w @ offsets


def find_constants(graph: Graph) -> Mapping[Tensor, Constants]:
    """Constants of every computed tensor."""
    found: dict[Tensor, Constants] = {}

    def of(t: Tensor) -> Constants:
        n = channels_of(t)
        return found.get(t, Constants(np.zeros(n, bool), np.zeros(n, np.int64)))

    for op in graph.ops:
        if (
            isinstance(op, WeightedOp)
            and op.weights.data is not None
            and (mixes_channels(op) or isinstance(op, DepthwiseConv2D))
        ):
            if isinstance(op, DepthwiseConv2D) and op.multiplier != 1:
                continue
            found[op.output] = _weighted_constants(op, of(op.input))
        elif (inputs := channelwise(op)) is not None and len(op.outputs) == 1:
            known = np.logical_and.reduce([of(t).known for t in inputs])
            if known.any() and (values := _values(op, {t: of(t) for t in inputs})) is not None:
                found[op.output] = Constants(known, values)
    return found


def _weighted_constants(op: WeightedOp, source: Constants) -> Constants:
    fold = foldable(op, source)
    w = weight_matrix(op) != 0
    depends = w.any(axis=(1, 2)) & ~fold if isinstance(op, DepthwiseConv2D) else (w.any(axis=1) & ~fold).any(axis=1)
    sums = op.bias_values + folded_share(op, source, fold)
    values = np.array([int(requantize(s, m)) for s, m in zip(sums, op.multipliers, strict=True)])
    return Constants(~depends, np.clip(values + op.output.zero_point, *op.clamp))


def _values(op: Op, inputs: Mapping[Tensor, Constants]) -> np.ndarray | None:
    """Output channels on inputs that hold each channel's constant everywhere; None if they are no constants."""
    if isinstance(op, Binary):
        operands = [inputs[t].value if t in inputs else _per_channel(t, channels_of(op.output)) for t in (op.a, op.b)]
        return None if any(o is None for o in operands) else op.compute(tuple(operands))[0]
    value = inputs[op.input].value
    if isinstance(op, Pool2D):
        return np.clip(value, *op.clamp)
    if isinstance(op, Lookup):
        return np.asarray(op.table, np.int64)[value - (-128 if op.input.dtype is DType.INT8 else 0)]
    if isinstance(op, Mean):
        sums = op.count * (value - op.input.zero_point)
        return np.clip(requantize(sums, op.multiplier) + op.output.zero_point, -128, 127)
    return value if isinstance(op, Reshape) else None


def _per_channel(constant: Tensor, channels: int) -> np.ndarray | None:
    """A constant operand as one value per channel, None if it varies otherwise."""
    if constant.data is None or constant.elements not in (1, channels):
        return None
    return np.broadcast_to(constant.data.reshape(-1), channels).astype(np.int64)


def find_needed(graph: Graph, constants: Mapping[Tensor, Constants]) -> Mapping[Tensor, np.ndarray]:
    """Channels of every computed tensor that must stay: the smallest sets that all rules agree on."""
    needed = {t: np.zeros(channels_of(t), bool) for t in (*graph.sources, *graph.producer)}
    for t in (*graph.sources, *graph.results):
        if not t.const:
            needed[t][:] = True
    changed = True
    while changed:
        before = sum(int(n.sum()) for n in needed.values())
        for op in reversed(graph.ops):
            _need_inputs(op, needed, constants)
        changed = sum(int(n.sum()) for n in needed.values()) != before
    return needed


def _need_inputs(op: Op, needed: Mapping[Tensor, np.ndarray], constants: Mapping[Tensor, Constants]) -> None:
    for t in op.outputs:
        if not needed[t].any():
            needed[t][0] = True  # a tensor keeps at least one channel
    if isinstance(op, WeightedOp) and op.weights.data is not None and mixes_channels(op):
        read = (weight_matrix(op)[needed[op.output]] != 0).any(axis=(0, 1))
        if op.input in constants:
            read &= ~foldable(op, constants[op.input])
        needed[op.input][:] |= read
        return
    inputs = channelwise(op)
    if inputs is None or len(op.outputs) != 1 or isinstance(op, WeightedOp) and op.weights.data is None:
        for t in (*op.data_inputs, *op.outputs):
            needed[t][:] = True
        return
    together = np.logical_or.reduce([needed[op.output], *(needed[t] for t in inputs)])
    for t in (op.output, *inputs):
        needed[t][:] = together
