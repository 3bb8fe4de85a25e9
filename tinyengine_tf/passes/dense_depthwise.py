"""Depthwise convolutions of a single input channel are dense ones."""

from __future__ import annotations

from dataclasses import replace

from tinyengine_tf.ir import Graph, Op, Tensor
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D


def dense_depthwise(graph: Graph) -> Graph:
    """Turn a depthwise convolution of one input channel into a convolution, for which there are faster kernels.

        x (one channel) --DEPTHWISE, 1 x h x w x n--> y    becomes    x --CONV, n x h x w x 1--> y

    The same sums: filter m of the only channel is filter m of the convolution.
    """
    dense: dict[Op, Op] = {
        op: as_conv(op) for op in graph.ops if isinstance(op, DepthwiseConv2D) and op.input.shape[3] == 1
    }
    return graph.rewrite([dense.get(op, op) for op in graph.ops]) if dense else graph


def as_conv(op: DepthwiseConv2D) -> Op:
    return Conv2D(
        inputs=(op.input, transposed(op.weights), *op.inputs[2:]),
        outputs=op.outputs,
        source=op.source,
        clamp=op.clamp,
        window=op.window,
    )


def transposed(weights: Tensor) -> Tensor:
    """1 x h x w x n as n x h x w x 1."""
    _, h, w, n = weights.shape
    data = None if weights.data is None else weights.data.transpose(3, 1, 2, 0)
    quant = weights.quant if weights.quant is None else replace(weights.quant, axis=0)
    return Tensor(weights.name, (n, h, w, 1), weights.dtype, quant, True, data)
