"""Column strips: the first layers of a network as several row pipelines, each over some columns of the image.

    whole:     image ==L00==> a ==L01==> b               rows as wide as the image
    2 strips:  image[0:51]  --L00s0--> a[0:25]  --L01s0--> b[0:24]
               image[45:96] --L00s1--> a[23:48] --L01s1--> b[24:48]

Each strip makes its columns of the last layer's output, right where they belong, and of all tensors between as many
columns as that takes (its halo, clamped at the image's border, where the padding is as before). Its layers are layers
like others, of narrower tensors. Halos are computed once per strip that needs them; weights are shared.
With MCUNetV2's patches [Lin et al., NeurIPS 2021] halos overlap in both directions; strips lose no rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tinyengine_tf.ir import Op, Tensor
from tinyengine_tf.kernels.base import Because
from tinyengine_tf.ops.lookup import Lookup
from tinyengine_tf.ops.quantize import Dequantize, Quantize
from tinyengine_tf.ops.two_operands import TwoOperands
from tinyengine_tf.ops.window import WindowOp
from tinyengine_tf.schedule.layer import Layer
from tinyengine_tf.schedule.pipeline import Facts, Input, Pipeline
from tinyengine_tf.schedule.rows import Orders, cannot_stream, row_windows
from tinyengine_tf.schedule.schedule import Part, Ring, Step
from tinyengine_tf.target import Target

COUNTS = (2, 3, 4, 5, 6, 8)
"""Into how many strips a stage may be divided."""

ELEMENTWISE = (TwoOperands, Lookup, Quantize, Dequantize)
"""Operators, besides those of windows, whose outputs depend on one pixel of each input and on nothing else."""

Span = tuple[int, int]
"""Columns [begin, end) of a tensor."""


@dataclass(frozen=True, eq=False)
class Image:
    """A graph input that stays where the caller has it and is read at random; kernels are those of `target`."""

    tensor: Tensor
    target: Target


@dataclass(frozen=True, eq=False)
class Strip:
    """One strip as a step, and the bytes of rings, scratch and state that it needs."""

    step: Step
    working_bytes: int


def strips_of(image: Image, layers: Sequence[Layer], count: int, orders: Orders) -> tuple[Strip, ...] | None:
    """The first layers of a network in `count` strips, left to right; None where they cannot be divided so."""
    width = layers[-1].op.output.shape[2]
    if width < count:
        return None
    found = []
    for number in range(count):
        strip = _strip(image, layers, (width * number // count, width * (number + 1) // count), number, orders)
        if strip is None:
            return None
        found.append(strip)
    return tuple(found)


def columnwise(layer: Layer) -> bool:
    """Whether some columns of the output can be computed from some columns of the inputs."""
    op, out = layer.op, layer.op.output
    if cannot_stream(layer) or layer.layout.gathers:
        return False
    if isinstance(op, WindowOp):
        return True
    alike = all(t.shape == out.shape for t in op.data_inputs)
    constants = all(t.elements in (1, t.shape[-1]) for t in op.inputs if t is not None and t.const and t.shape)
    return isinstance(op, ELEMENTWISE) and alike and constants


def columns_read(op: Op, tensor: Tensor, out: Span) -> Span:
    """Columns of an input inside the image that columns `out` of the output are made of."""
    if not isinstance(op, WindowOp):
        return out
    window = op.window
    first = out[0] * window.stride.w - window.pad_left
    last = (out[1] - 1) * window.stride.w - window.pad_left + window.extent.w - 1
    return max(first, 0), min(last + 1, tensor.shape[2])


def columns_made(layers: Sequence[Layer], last: Span) -> dict[Tensor, Span]:
    """Columns of each layer's output that columns `last` of the last one's need, all readers together."""
    made = {layers[-1].op.output: last}
    inner = {layer.op.output for layer in layers}
    for layer in reversed(layers):
        for tensor in inner.intersection(layer.op.data_inputs):
            begin, end = columns_read(layer.op, tensor, made[layer.op.output])
            other = made.get(tensor, (begin, end))
            made[tensor] = min(begin, other[0]), max(end, other[1])
    return made


def _strip(image: Image, layers: Sequence[Layer], last: Span, number: int, orders: Orders) -> Strip | None:
    spans = columns_made(layers, last)
    narrow = {t: _narrowed(t, span) for t, span in spans.items()}
    parts = {narrow[layers[-1].op.output]: Part(layers[-1].op.output, last[0])}
    members = []
    for layer in layers:
        op, out = layer.op, spans[layer.op.output]
        new = {op.output: narrow[op.output]}
        for t in dict.fromkeys(op.data_inputs):
            begin, end = columns_read(op, t, out)
            if begin >= end:
                return None  # windows that see nothing but padding
            if t is image.tensor:
                new[t] = _narrowed(t, (begin, end))
                parts[new[t]] = Part(t, begin)
            elif (begin, end) == spans[t]:
                new[t] = narrow[t]
            else:
                new[t] = _narrowed(t, (begin, end))
                parts[new[t]] = Part(narrow[t], begin - spans[t][0])
        op = _narrower(op, new, out[0])
        lowered = layer.kernel.lower(op, layer.core)
        if isinstance(lowered, Because):
            return None
        member = replace(layer, op=op, lowered=lowered, strip=number)
        if cannot_stream(member):
            return None
        members.append(member)
    return _as_pipeline(tuple(members), parts, orders)


def _narrowed(tensor: Tensor, span: Span) -> Tensor:
    n, rows, _, channels = tensor.shape
    return replace(tensor, shape=(n, rows, span[1] - span[0], channels), source=None)


def _narrower(op: Op, tensors: Mapping[Tensor, Tensor], begin: int) -> Op:
    """The operator on narrower tensors; its output begins at column `begin` of the whole one."""
    narrow = op.remap(tensors)
    if isinstance(narrow, WindowOp):
        window = narrow.window
        pad_left = max(window.pad_left - begin * window.stride.w, 0)
        narrow = replace(narrow, window=replace(window, pad_left=pad_left))
    return narrow


def _as_pipeline(layers: tuple[Layer, ...], parts: Mapping[Tensor, Part], orders: Orders) -> Strip | None:
    origin = {layer.op.output: position for position, layer in enumerate(layers)}
    readers: Counter[Tensor] = Counter()
    for layer in layers:
        for t in set(layer.op.data_inputs):
            # Where a reader sees only a part, rows keep a place of their own.
            readers.update([parts[t].whole] * 2 if t in parts else [t])
    pipeline = Pipeline(0, orders)
    for layer in layers:
        wholes = ((parts[t].whole if t in parts else t, w) for t, w in row_windows(layer))
        inputs = tuple(Input(t, origin.get(t, -1), -1, w) for t, w in wholes)
        if not pipeline.append(Facts(layer, True, inputs, {}, -1, readers, orders)):
            return None
    rings = pipeline.rings()
    for part, inside in parts.items():
        if inside.whole in rings:
            ring = rings[inside.whole]
            rings[part] = Ring(
                ring.rows, ring.owner, ring.places, ring.pitch_bytes, ring.offset_bytes + inside.offset_bytes
            )
    working_bytes = pipeline.ring_bytes + pipeline.scratch_bytes + pipeline.state_bytes
    return Strip(Step(layers, rings, parts=parts), working_bytes)
