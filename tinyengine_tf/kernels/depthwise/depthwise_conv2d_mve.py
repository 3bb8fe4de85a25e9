"""DEPTHWISE_CONV_2D with Helium: eight channels at a time become planes, whose windows are runs of bytes.

VMLADAVA multiplies 16 pairs of neighbours in memory, but neighbours in a row are other channels. So, for a block of
output columns and eight channels, scatter stores first lay out each channel's columns one after another in scratch
memory, `rows` bytes each, padding included: now a window is one run, and the next one begins stride * rows bytes later.
Then each window costs one or a few products of 16; where several windows lie within one load, they share it and
the weights are shifted instead. Sums go to scratch memory, channels side by side, and are requantised eight at once.

Channels 0 2 4 6 1 3 5 7 of a block stand in this order everywhere: narrowing puts even results into bottom halves, odd
ones into top halves. Stream: where scatter stores put each channel (and, with a depth multiplier, where each reads);
for every eight output channels zeros, their weights, and the constants of the requantisation for even and odd ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyengine_tf.kernels.arithmetic.requantize_mve import VectorRequantization, vector_requantization, words_of
from tinyengine_tf.kernels.assembly import in_assembly
from tinyengine_tf.kernels.base import Array, Because, Code, Layout, Lowered, Table, kernel
from tinyengine_tf.kernels.dense.window import conv_window, touches_image
from tinyengine_tf.kernels.depthwise.plane_code_mve import PlaneCode
from tinyengine_tf.kernels.depthwise.planes import CHANNELS, CHUNK, Planes
from tinyengine_tf.kernels.types import S8_AND_WIDENED
from tinyengine_tf.machine.helium import LARGEST_OFFSET
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.target import Core

ORDER = (0, 2, 4, 6, 1, 3, 5, 7)
MOST_CHUNKS = LARGEST_OFFSET // CHUNK + 1
"""Loads of one window that reach from one pointer."""


@kernel(DepthwiseConv2D, types=S8_AND_WIDENED, isa="mve", before=("te_depthwise_conv2d_s8_3x3_dsp",))
def te_depthwise_conv2d_s8_mve(op: DepthwiseConv2D, core: Core) -> Lowered | Because:
    """Core has Helium: planes of 8 channels, a window is one run, 16 products at once."""
    if op.window.dilation.w > 1 and op.window.kernel.w > 1:
        return Because("dilated columns")
    if not touches_image(op):
        return Because("windows of padding alone")
    p = Planes(op)
    if p.chunks > MOST_CHUNKS:
        return Because("more weights of a channel than loads reach from one pointer")
    if p.step > LARGEST_OFFSET:
        return Because("too many kernel rows")
    rq = vector_requantization(op)
    return Lowered(
        Code("depthwise/depthwise_mve.c.j2", lambda units: _params(op, p, rq)),
        Layout((conv_window(op),), scratch_bytes=p.scratch_bytes),
        (Table("stream", "uint32_t", _stream_words(p, rq), lambda: stream(op, p, rq)),),
    )


def _params(op: DepthwiseConv2D, p: Planes, rq: VectorRequantization) -> dict[str, Any]:
    comment = f"{p.columns} columns of a {p.kernel.h}x{p.kernel.w} depthwise convolution."
    return {
        "window": op.window,
        "p": p,
        "in_channels": op.input.shape[3],
        "planes": in_assembly(comment, PlaneCode(op, p, rq).function()),
    }


def _stream_words(p: Planes, rq: VectorRequantization) -> int:
    groups = -(-p.channels // CHANNELS)
    group_bytes = CHANNELS * p.weight_bytes + 8 * rq.words + p.zeros + (2 * CHANNELS if p.multiplier > 1 else 0)
    return 4 + groups * group_bytes // 4


def stream(op: DepthwiseConv2D, p: Planes, rq: VectorRequantization) -> Array:
    """The words that PlaneCode reads."""
    places = np.argsort(ORDER) * p.plane
    parts = [words_of(places.astype("<u2"))]
    weights = op.weights.values.reshape(p.taps, p.channels)
    weights = (
        weights.reshape(p.kernel.h, p.kernel.w, p.channels).transpose(2, 1, 0).reshape(p.channels, p.taps)
    )  # column by column
    for first in range(0, p.channels, CHANNELS):
        lanes = [first + c if first + c < p.channels else -1 for c in ORDER]
        if p.multiplier > 1:
            sources = [min(first + c, p.channels - 1) // p.multiplier for c in range(CHANNELS)]
            parts.append(words_of(np.array(sources, "<u2")))
        parts.append(np.zeros(p.zeros // 4, np.int64))
        some = np.zeros((CHANNELS, p.weight_bytes), np.int8)
        for i, c in enumerate(lanes):
            if c >= 0:
                some[i, : p.taps] = weights[c]
        parts.append(words_of(some))
        parts.append(rq.constants(op, lanes))
    words: Array = np.concatenate(parts) & 0xFFFFFFFF
    return words
