"""Draws of operators that move values about: each reads values that exist, or does nothing where none fits."""

from __future__ import annotations

import numpy as np

from tests.graphs.layers import conv, depthwise, pool
from tests.graphs.registry import draw
from tests.graphs.values import MAX_ELEMENTS, GraphBuilder


@draw()
def pad(g: GraphBuilder) -> None:
    x = g.some(2, 3, 4)
    if not x:
        return
    image = len(x.shape) == 4 and g.chance(0.5)
    amounts = [
        (0, 0) if i == 0 or (i == 3 if image else g.chance(0.4)) else (g.pick(0, 2), g.pick(0, 2))
        for i in range(len(x.shape))
    ]
    opcode = g.rng.choice(("PAD", "PAD", "PADV2", "MIRROR_PAD"))
    extra: list[int] = []
    options = {}
    if opcode == "MIRROR_PAD":
        amounts = [(min(a, n - 1), min(b, n - 1)) for (a, b), n in zip(amounts, x.shape, strict=True)]
        options = {"mode": g.rng.choice(("REFLECT", "SYMMETRIC"))}
    if opcode == "PADV2":
        extra = [g.weights((1,), **x.quantisation)]
    shape = tuple(n + sum(a) for n, a in zip(x.shape, amounts, strict=True))
    if np.prod(shape) <= MAX_ELEMENTS:
        g.emit(opcode, [x, g.constant(amounts), *extra], [shape], x, **options)
        if image and g.chance(0.7):
            g.rng.choice((conv, depthwise, pool))(g)


@draw()
def reshape(g: GraphBuilder) -> None:
    x = g.some()
    if not x:
        return
    n = x.elements
    divisor = g.rng.choice([d for d in range(1, min(n, 40) + 1) if n % d == 0])
    shape = g.rng.choice(
        ((1, n), (1, divisor, n // divisor), (1, 1, divisor, n // divisor), (1, divisor, 1, n // divisor))
    )
    g.emit("RESHAPE", [x, g.constant(shape)], [shape], x, new_shape=list(shape))


@draw()
def squeeze_or_expand(g: GraphBuilder) -> None:
    x = g.some(1, 2, 3, 4)
    ones = [i for i, n in enumerate(x.shape) if n == 1] if x else []
    if x and ones and len(x.shape) > 2 and g.chance(0.5):
        axis = g.rng.choice(ones)
        g.emit("SQUEEZE", [x], [x.shape[:axis] + x.shape[axis + 1 :]], x, squeeze_dims=[axis])
    elif x and len(x.shape) < 4:
        axis = g.pick(0, len(x.shape))
        g.emit("EXPAND_DIMS", [x, g.constant([axis])], [(*x.shape[:axis], 1, *x.shape[axis:])], x)


@draw()
def transpose(g: GraphBuilder) -> None:
    x = g.some(2, 3, 4)
    if x:
        order = g.rng.sample(range(len(x.shape)), len(x.shape))
        g.emit("TRANSPOSE", [x, g.constant(order)], [tuple(x.shape[i] for i in order)], x)


@draw()
def concatenate(g: GraphBuilder) -> None:
    """Two to four values, requantised to one quantisation where they differ; PACK for equal shapes."""
    x = g.some(2, 3, 4)
    if not x:
        return
    axis = g.pick(1, len(x.shape) - 1)
    fitting = [
        v
        for v in g.values
        if len(v.shape) == len(x.shape)
        and all(m == n for i, (m, n) in enumerate(zip(v.shape, x.shape, strict=True)) if i != axis)
    ]
    parts = [x, *(g.rng.choice(fitting) for _ in range(g.pick(1, 3)))]
    parts = [p if p.quantisation == x.quantisation else g.emit("QUANTIZE", [p], [p.shape], x)[0] for p in parts]
    total = sum(p.shape[axis] for p in parts)
    if total * x.elements // x.shape[axis] <= MAX_ELEMENTS:
        g.emit("CONCATENATION", parts, [(*x.shape[:axis], total, *x.shape[axis + 1 :])], x, axis=axis)


@draw()
def pack(g: GraphBuilder) -> None:
    x = g.some(1, 2, 3)
    if x:
        axis = g.pick(0, len(x.shape))
        g.emit("PACK", [x, x], [(*x.shape[:axis], 2, *x.shape[axis:])], x, values_count=2, axis=axis)


@draw()
def split(g: GraphBuilder) -> None:
    x = g.some(2, 3, 4)
    axis = g.pick(0, len(x.shape) - 1) if x else 0
    if not x or x.shape[axis] < 2:
        return
    n, kind = x.shape[axis], g.pick(0, 2)
    pieces = g.rng.choice([d for d in range(2, n + 1) if n % d == 0])
    cut = lambda size: (*x.shape[:axis], size, *x.shape[axis + 1 :])  # noqa: E731
    if kind == 0 and pieces <= 8:
        g.emit("SPLIT", [g.model.const(np.array(axis, np.int32)), x], [cut(n // pieces)] * pieces, x, num_splits=pieces)
    elif kind == 1:
        first = g.pick(1, n - 1)
        g.emit(
            "SPLIT_V",
            [x, g.constant([first, n - first]), g.model.const(np.array(axis, np.int32))],
            [cut(first), cut(n - first)],
            x,
            num_splits=2,
        )
    elif n <= 6 and len(x.shape) > 2:
        g.emit("UNPACK", [x], [x.shape[:axis] + x.shape[axis + 1 :]] * n, x, num=n, axis=axis)


@draw()
def cut(g: GraphBuilder) -> None:
    """SLICE, or STRIDED_SLICE that may step backwards."""
    x = g.some(2, 3, 4)
    if not x:
        return
    ranges = [sorted(g.rng.sample(range(n + 1), 2)) for n in x.shape]
    if g.chance(0.5):
        g.emit(
            "SLICE",
            [x, g.constant([a for a, _ in ranges]), g.constant([b - a for a, b in ranges])],
            [tuple(b - a for a, b in ranges)],
            x,
        )
        return
    steps = [g.rng.choice((1, 1, 2, 3)) for _ in ranges]
    shape = tuple(-(-(b - a) // s) for (a, b), s in zip(ranges, steps, strict=True))
    g.emit(
        "STRIDED_SLICE",
        [x, g.constant([a for a, _ in ranges]), g.constant([b for _, b in ranges]), g.constant(steps)],
        [shape],
        x,
    )


@draw(3)
def blocks(g: GraphBuilder) -> None:
    """Space to depth or batch and back, in blocks of two."""
    x = g.some(4)
    if not x:
        return
    n, h, w, c = x.shape
    if h % 2 == w % 2 == 0 and g.chance(0.5):
        g.emit("SPACE_TO_DEPTH", [x], [(n, h // 2, w // 2, 4 * c)], x, block_size=2)
    elif h % 2 == w % 2 == 0:
        g.emit(
            "SPACE_TO_BATCH_ND", [x, g.constant([2, 2]), g.constant([[0, 0], [0, 0]])], [(4 * n, h // 2, w // 2, c)], x
        )
    elif n % 4 == 0:
        g.emit(
            "BATCH_TO_SPACE_ND", [x, g.constant([2, 2]), g.constant([[0, 0], [0, 0]])], [(n // 4, 2 * h, 2 * w, c)], x
        )
    elif c % 4 == 0:
        g.emit("DEPTH_TO_SPACE", [x], [(n, 2 * h, 2 * w, c // 4)], x, block_size=2)


@draw()
def gather_or_reverse(g: GraphBuilder) -> None:
    x = g.some(2, 3, 4)
    if not x:
        return
    axis = g.pick(0, len(x.shape) - 1)
    if g.chance(0.5):
        g.emit("REVERSE_V2", [x, g.constant([axis])], [x.shape], x)
        return
    wanted = [g.pick(0, x.shape[axis] - 1) for _ in range(g.pick(1, 5))]
    shape = (*x.shape[:axis], len(wanted), *x.shape[axis + 1 :])
    if np.prod(shape) <= MAX_ELEMENTS:
        g.emit("GATHER", [x, g.constant(wanted)], [shape], x, axis=axis)
