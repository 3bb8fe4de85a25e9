"""Layers that only move elements: copies of all shapes, borders, joins, look-ups by index, resized images."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tinyengine_tf.calibrate.layers import Maker, Sampler
from tinyengine_tf.ir import DType, Op, Tensor
from tinyengine_tf.ops.concatenation import Concatenation
from tinyengine_tf.ops.indexed_copy import Gather, IndexedCopy
from tinyengine_tf.ops.load import Load
from tinyengine_tf.ops.pad import Pad
from tinyengine_tf.ops.resize import ResizeBilinear, ResizeNearest
from tinyengine_tf.ops.strided_copy import StridedCopy, copy_of, packed_strides

TYPES = (DType.INT8, DType.INT8, DType.INT8, DType.FLOAT32, DType.INT16)


def kinds(s: Sampler) -> Iterator[tuple[float, Maker]]:
    yield from ((0.4, lambda m=m: m(s)) for m in (transpose, box, spread))
    yield 0.8, lambda: channels(s)
    yield 0.2, lambda: copy_of(tensor(s), f"copy{s.number()}")
    yield from ((0.6, lambda m=m: m(s)) for m in (pad_image, pad_any))
    yield from ((1.0, lambda m=m: m(s)) for m in (concatenation,))
    yield from ((0.6, lambda m=m: m(s)) for m in (gather, tabulated))
    yield 0.5, lambda: load(s)
    yield from ((0.6, lambda c=c: resize(s, c)) for c in (ResizeNearest, ResizeBilinear))


def tensor(s: Sampler, dtype: DType | None = None) -> Tensor:
    return s.activation(s.small_shape(), dtype or TYPES[s.pick(*range(len(TYPES)))])


def like(s: Sampler, x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A tensor of another shape and the same type and scale."""
    return Tensor(f"m{s.number()}", shape, x.dtype, x.quant)


def strided(s: Sampler, x: Tensor, sizes: tuple[int, ...], strides: tuple[int, ...], offset: int = 0) -> Op:
    return StridedCopy(inputs=(x,), outputs=(like(s, x, sizes),), sizes=sizes, strides=strides, offset=offset)


def transpose(s: Sampler) -> Op:
    x = tensor(s)
    order = [int(i) for i in s.rng.permutation(4)]
    packed = packed_strides(x.shape)
    return strided(s, x, tuple(x.shape[i] for i in order), tuple(packed[i] for i in order))


def box(s: Sampler) -> Op:
    """Some indices of each dimension, every other one now and then, or backwards."""
    x = tensor(s)
    sizes, strides, offset = [], [], 0
    for n, step in zip(x.shape, packed_strides(x.shape), strict=True):
        every = s.pick(1, 1, 1, 2) if n > 2 else 1
        size = int(s.rng.integers(1, n // every + 1))
        first = int(s.rng.integers(0, n - (size - 1) * every))
        backwards = s.pick(0, 0, 0, 0, 1)
        offset += (first + (size - 1) * every * backwards) * step
        sizes.append(size)
        strides.append(-every * step if backwards else every * step)
    return strided(s, x, tuple(sizes), tuple(strides), offset)


def channels(s: Sampler) -> Op:
    x = tensor(s)
    *_, c = x.shape
    size = int(s.rng.integers(1, c + 1))
    return strided(s, x, (*x.shape[:3], size), packed_strides(x.shape), s.pick(0, (c - size) // 4 * 4, c - size))


def spread(s: Sampler) -> Op:
    """Blocks of pixels to channels, or each element several times."""
    b = s.pick(2, 3)
    h, w, c = b * s.pick(1, 2, 3), b * s.pick(1, 2, 4), s.pick(1, 3, 4, 8, 16)
    x = s.activation((1, h, w, c), TYPES[s.pick(*range(len(TYPES)))])
    if s.pick(0, 1):
        return strided(s, x, (h, w, b, c), (w * c, c, 0, 1))
    return strided(s, x, (h // b, w // b, b, b, c), (b * w * c, b * c, w * c, c, 1))


def padded(s: Sampler, x: Tensor, borders: tuple[tuple[int, int], ...]) -> Op:
    shape = tuple(n + b + a for n, (b, a) in zip(x.shape, borders, strict=True))
    before, after = zip(*borders, strict=True)
    fill = s.pick(-128, 0, 3)
    return Pad(inputs=(x,), outputs=(like(s, x, shape),), before=before, after=after, fill=fill)


def pad_image(s: Sampler) -> Op:
    """Rows and columns, seldom channels."""
    deep = s.pick(0, 0, 0, 1)
    sides = [(s.pick(0, 1, 2), s.pick(0, 1, 2)) for _ in range(2)]
    return padded(s, tensor(s), ((0, 0), *sides, (s.pick(0, 1, 4) * deep, s.pick(1, 3) * deep)))


def pad_any(s: Sampler) -> Op:
    shape = s.small_shape()[1 : s.pick(3, 4)]
    x = s.activation(shape, TYPES[s.pick(*range(len(TYPES)))])
    return padded(s, x, tuple((s.pick(0, 1, 4), s.pick(0, 1, 2)) for _ in shape))


def concatenation(s: Sampler) -> Op:
    shape, axis, count = s.small_shape(), s.pick(1, 2, 3, 3), s.pick(2, 2, 3, 4)
    first = s.activation(shape, TYPES[s.pick(*range(len(TYPES)))])
    parts = [first]
    for _ in range(count - 1):
        size = s.pick(shape[axis], max(shape[axis] // 2, 1), shape[axis] + 1)
        parts.append(like(s, first, (*shape[:axis], size, *shape[axis + 1 :])))
    whole = (*shape[:axis], sum(t.shape[axis] for t in parts), *shape[axis + 1 :])
    return Concatenation(inputs=tuple(parts), outputs=(like(s, first, whole),), outer=math.prod(shape[:axis]))


def gather(s: Sampler) -> Op:
    outer, depth, inner, count = s.pick(1, 1, 2, 5), s.pick(4, 10, 30), s.pick(1, 3, 8, 16, 30, 64), s.pick(1, 2, 5, 12)
    x = s.activation((outer, depth, inner), TYPES[s.pick(*range(len(TYPES)))])
    indices = Tensor(f"i{s.number()}", (count,), DType.INT32)
    out = like(s, x, (outer, count, inner))
    return Gather(inputs=(x, indices), outputs=(out,), outer=outer, depth=depth, inner=inner)


def tabulated(s: Sampler) -> Op:
    """Mirrored rows and columns of all channels, or of some."""
    x = tensor(s)
    packed = packed_strides(x.shape)
    places = [tuple(i * step for i in range(n)) for n, step in zip(x.shape, packed, strict=True)]
    for axis in (1, 2, 3):
        if s.pick(0, 1) or axis == 2:
            places[axis] = tuple(int(i) * packed[axis] for i in s.rng.integers(0, x.shape[axis], x.shape[axis] + 2))
    return IndexedCopy(inputs=(x,), outputs=(like(s, x, tuple(map(len, places))),), places=tuple(places))


def load(s: Sampler) -> Op:
    count = s.pick(1, 3, 8, 16, 40, 100, 512, 1000)
    x = s.constant((1, count), 100, DType.INT8 if s.pick(0, 1) else DType.INT32, 0.1)
    return Load(inputs=(x,), outputs=(Tensor(f"m{s.number()}", x.shape, x.dtype, x.quant),))


def resize(s: Sampler, cls: type[ResizeNearest] | type[ResizeBilinear]) -> Op:
    h, w, c = s.pick(1, 2, 3, 4), s.pick(2, 3, 5, 8, 12), s.pick(1, 3, 4, 7, 8, 16, 24, 30)
    out = (h * 2, w * 2) if s.pick(0, 1) else (h + s.pick(0, 1), w + s.pick(-1, 1, 3))
    dtype = DType.INT8 if cls is ResizeBilinear else TYPES[s.pick(*range(len(TYPES)))]
    x = s.activation((1, h, w, c), dtype)
    corners = bool(s.pick(0, 0, 1))
    return cls(
        inputs=(x,),
        outputs=(like(s, x, (1, *out, c)),),
        align_corners=corners,
        half_pixel_centers=not corners and bool(s.pick(0, 1)),
    )
