"""What is known of channels: which hold one constant value, and which somebody needs.

A channel is an index of a tensor's last dimension. Two analyses over the whole graph:

    constants   forward: a convolution whose weights for a channel are all zero makes that channel
                the constant clamp(requantise(bias)); elementwise and pooling operators keep constants
    needed      backward: a channel is needed if a graph output, an operator that mixes channels, or a
                weight other than zero reads it. A constant channel is not needed by an operator that
                can add its share to the bias instead. Operators that work channel by channel need
                their inputs' channel if and only if their output's channel is needed, so that all of
                them shrink together or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tinyengine_tf.ir import Graph, Op, Tensor
from tinyengine_tf.ops.conv2d import WeightedOp


@dataclass(frozen=True, eq=False)
class Constants:
    """Per channel: is it constant (bool), and its value (int64, meaningless elsewhere)."""

    known: np.ndarray
    value: np.ndarray


def foldable(op: WeightedOp, constants: Constants) -> np.ndarray:
    """Input channels whose constant can move into the bias: bool per channel.

    Padding stands for the zero point, so another constant can only move if no window touches padding.
    """
    return constants.known & (constants.value == op.input.zero_point) if op.reads_padding else constants.known


def folded_share(op: WeightedOp, constants: Constants, fold: np.ndarray) -> np.ndarray:
    """What the channels in `fold` add to each output channel's sum: int64 per output channel."""
    offsets = np.where(fold, constants.value - op.input.zero_point, 0)
    return (op.weight_matrix.sum(axis=1) * _for_weights(op, offsets)).sum(axis=1)


def _for_weights(op: WeightedOp, of_inputs: np.ndarray) -> np.ndarray:
    """A value per input channel, as it meets `weight_matrix` summed over taps."""
    return of_inputs[None, :] if op.mixes_channels else of_inputs[:, None]


def find_constants(graph: Graph) -> Mapping[Tensor, Constants]:
    """Constants of every computed tensor."""
    found: dict[Tensor, Constants] = {}

    def of(t: Tensor) -> Constants:
        return found.get(t, Constants(np.zeros(t.depth, bool), np.zeros(t.depth, np.int64)))

    for op in graph.ops:
        inputs = op.channelwise()
        if isinstance(op, WeightedOp):
            if op.weights.data is not None and (op.mixes_channels or inputs is not None):
                found[op.output] = _weighted_constants(op, of(op.input))
        elif inputs is not None and len(op.outputs) == 1:
            known = np.logical_and.reduce([of(t).known for t in inputs])
            if known.any() and (kept := _kept(op, known, {t: of(t) for t in inputs})) is not None:
                found[op.output] = kept
    return found


def _weighted_constants(op: WeightedOp, source: Constants) -> Constants:
    fold = foldable(op, source)
    depends = (op.weight_matrix.any(axis=1) & ~_for_weights(op, fold)).any(axis=1)
    sums = op.bias_values + folded_share(op, source, fold)
    return Constants(~depends, op.requantized(sums, None))


def _kept(op: Op, known: np.ndarray, inputs: Mapping[Tensor, Constants]) -> Constants | None:
    """The output's constants where the inputs' channels that are `known` hold theirs; None: an operand has no data."""
    operands = [t for t in op.inputs if t is not None]
    values = tuple(_filled(t, inputs[t].value) if t in inputs else t.data for t in operands)
    if any(v is None for v in values):
        return None
    pixels = op.run(values)[0].reshape(-1, op.output.depth).astype(np.int64)
    return Constants(known & (pixels == pixels[0]).all(axis=0), pixels[0])


def _filled(tensor: Tensor, channels: np.ndarray) -> np.ndarray:
    """The tensor with one value throughout each channel."""
    return np.broadcast_to(channels, (tensor.elements // tensor.depth, tensor.depth)).reshape(tensor.shape)


def find_needed(graph: Graph, constants: Mapping[Tensor, Constants]) -> Mapping[Tensor, np.ndarray]:
    """Channels of every computed tensor that must stay: the smallest sets that all rules agree on."""
    needed = {t: np.zeros(t.depth, bool) for t in (*graph.sources, *graph.producer)}
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
    if isinstance(op, WeightedOp) and op.weights.data is not None and op.mixes_channels:
        read = (op.weight_matrix[needed[op.output]] != 0).any(axis=(0, 1))
        if op.input in constants:
            read &= ~foldable(op, constants[op.input])
        needed[op.input][:] |= read
        return
    inputs = op.channelwise()
    if inputs is None or len(op.outputs) != 1 or isinstance(op, WeightedOp) and op.weights.data is None:
        for t in (*op.data_inputs, *op.outputs):
            needed[t][:] = True
        return
    together = np.logical_or.reduce([needed[op.output], *(needed[t] for t in inputs)])
    for t in (op.output, *inputs):
        needed[t][:] = together
