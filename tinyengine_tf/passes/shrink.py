"""Remove channels that are constant or that nobody reads, without changing one output bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tinyengine_tf.ir import DType, Graph, Op, Quant, Tensor
from tinyengine_tf.ops.conv2d import WeightedOp
from tinyengine_tf.passes.channels import Constants, find_constants, find_needed, foldable, folded_share


def shrink(graph: Graph) -> Graph:
    """Fold constant channels into their readers' biases and drop all channels that are then not needed.

        x --CONV, filter 3 all zero--> y --CONV--> z
        becomes    x --CONV, 3 removed--> y' --CONV, bias + share of 3--> z

    Legal because a filter of zeros makes its channel the same constant at every pixel. Where the reader
    pads and the constant is not the zero point, the border would see other values: then the channel stays.
    Channels are removed through depthwise, pooling and elementwise operators together. Trained networks
    have such channels: 971 of 2,738 in MLPerf Tiny's person detection model.
    """
    if any(isinstance(op, WeightedOp) and op.weights.data is None for op in graph.ops):
        return graph
    constants = find_constants(graph)
    needed = find_needed(graph, constants)
    if all(n.all() for n in needed.values()):
        return graph
    small = {t: _keep(t, needed[t]) for op in graph.ops for t in op.outputs}
    ops = []
    for op in graph.ops:
        if isinstance(op, WeightedOp) and op.weights.data is not None:
            op = _shrink_weights(op, needed, constants)
        else:
            op = _shrink_operands(op, needed)
        ops.append(op.remap(small))
    return replace(graph, ops=tuple(ops))


def _keep(tensor: Tensor, keep: np.ndarray) -> Tensor:
    """The tensor with the channels in `keep` only."""
    if keep.all():
        return tensor
    before = tensor.channels if tensor.channels is not None else tuple(range(len(keep)))
    kept = tuple(c for c, k in zip(before, keep, strict=True) if k)
    return replace(tensor, shape=(*tensor.shape[:-1], len(kept)), channels=kept)


def _shrink_weights(op: WeightedOp, needed: Mapping[Tensor, np.ndarray], constants: Mapping[Tensor, Constants]) -> Op:
    keep_out = needed[op.output]
    w, bias = op.weights.values, op.bias_values
    source = constants.get(op.input)
    keep_in = needed[op.input]
    if keep_in.all() and keep_out.all():
        return op
    w = np.compress(keep_out, w, axis=op.CHANNEL_AXIS)
    if op.mixes_channels:
        if source is not None:
            bias = bias + folded_share(op, source, foldable(op, source) & ~keep_in)
        w = w[..., keep_in]
    quant = op.weights.quant
    if quant is not None and quant.per_channel:
        each = np.broadcast_to(quant.zero_points, len(quant.scales))
        quant = Quant(tuple(np.asarray(quant.scales)[keep_out].tolist()), tuple(each[keep_out].tolist()), quant.axis)
    weights = replace(op.weights, shape=w.shape, data=np.ascontiguousarray(w), quant=quant)
    return replace(op, inputs=(op.input, weights, _bias(op, bias[keep_out])))


def _bias(op: WeightedOp, values: np.ndarray) -> Tensor | None:
    if op.bias is None and not values.any():
        return None
    name = op.bias.name if op.bias is not None else f"{op.name}/bias"
    dtype = DType.INT64 if op.wide else DType.INT32
    return Tensor(name, values.shape, dtype, const=True, data=values.astype(dtype.numpy))


def _shrink_operands(op: Op, needed: Mapping[Tensor, np.ndarray]) -> Op:
    """Constant operands with a value per channel lose the channels that the output loses."""
    if len(op.outputs) != 1 or (keep := needed[op.output]).all():
        return op

    def cut(t: Tensor | None) -> Tensor | None:
        if t is None or not t.const or t.data is None or t.depth != len(keep) or t.elements == 1:
            return t
        return replace(t, shape=(*t.shape[:-1], int(keep.sum())), data=np.ascontiguousarray(t.data[..., keep]))

    return replace(op, inputs=tuple(map(cut, op.inputs)))
