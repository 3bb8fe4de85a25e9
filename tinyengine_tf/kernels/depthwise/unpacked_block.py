"""DEPTHWISE_CONV_2D with weights of four bits: unpacked once per output row, then computed as int8 in blocks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tinyengine_tf.kernels.base import Because, Code, Lowered
from tinyengine_tf.kernels.depthwise.depthwise_block import DepthwiseBlock, depthwise_block
from tinyengine_tf.kernels.nibbles import packed_table
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D


def unpacked_block(op: DepthwiseConv2D, way: DepthwiseBlock) -> Lowered | Because:
    """The int8 kernel behind a function that unpacks; unpacked weights lie behind its own scratch memory."""
    wide = depthwise_block(op, way)
    if isinstance(wide, Because):
        return wide
    weights, *others = wide.tables
    elements, scratch_bytes = op.weights.elements, wide.layout.scratch_bytes

    def params(units: int) -> dict[str, Any]:
        return {"block": wide.code.params(units), "elements": elements, "scratch_bytes": scratch_bytes}

    return Lowered(
        Code("depthwise/unpacked_block.c.j2", params, (*wide.code.needs, "unpack_s4")),
        replace(wide.layout, scratch_bytes=scratch_bytes + elements),
        (packed_table(weights.name, 1, elements, weights.build), *others),
        wide.args,
    )
