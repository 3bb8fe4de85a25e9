"""Explicit padding becomes the padding of the window that reads it."""

from __future__ import annotations

from dataclasses import replace

from tinyengine_tf.ir import Graph, Op
from tinyengine_tf.ops.base import HW, whole_range
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.depthwise_conv2d import DepthwiseConv2D
from tinyengine_tf.ops.pad import Pad
from tinyengine_tf.ops.pool2d import MaxPool2D
from tinyengine_tf.ops.window import Window

Windowed = Conv2D | DepthwiseConv2D | MaxPool2D


def fold_pad(graph: Graph) -> Graph:
    """Fold an explicit PAD into the convolution or maximum pool that reads it.

        x --PAD--> y --CONV--> z    becomes    x --CONV, wider padding--> z

    Saves one buffer and one copy. Legal when y has no other reader, x and y have one quantisation, only
    rows and columns grow, and the fill changes nothing: x's zero point for a convolution, the lowest
    value for a maximum, each of whose windows must touch x.
    """
    folded: dict[Op, Op] = {}
    gone: set[Op] = set()
    for pad in graph.ops:
        reader = graph.sole_reader(pad.output) if isinstance(pad, Pad) else None
        if isinstance(pad, Pad) and isinstance(reader, Windowed) and is_window_padding(pad, reader):
            folded[reader] = replace(
                reader,
                inputs=(pad.input, *reader.inputs[1:]),
                window=wider(reader.window, pad),
                source=(*pad.source, *reader.source),
            )
            gone.add(pad)
    if not gone:
        return graph
    return graph.rewrite([folded.get(op, op) for op in graph.ops if op not in gone])


def is_window_padding(pad: Pad, reader: Windowed) -> bool:
    if reader.input is not pad.output:
        return False
    if (
        pad.input.quant != pad.output.quant
        or len(pad.before) != 4
        or any(p[i] for p in (pad.before, pad.after) for i in (0, 3))
    ):
        return False
    if isinstance(reader, MaxPool2D):
        whole = wider(reader.window, pad)
        return pad.fill == whole_range(pad.output)[0] and touches(whole, HW(*pad.input.shape[1:3]), reader.out_image)
    return pad.fill == pad.input.zero_point


def wider(window: Window, pad: Pad) -> Window:
    return replace(window, pad_top=window.pad_top + pad.before[1], pad_left=window.pad_left + pad.before[2])


def touches(window: Window, image: HW, out: HW) -> bool:
    """Whether every window contains a pixel of the image."""
    before = (window.pad_top, window.pad_left)
    sizes = zip(before, window.extent, window.stride, image, out, strict=True)
    return all(b < extent and (o - 1) * stride - b < i for b, extent, stride, i, o in sizes)
