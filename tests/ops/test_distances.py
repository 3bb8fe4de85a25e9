"""How far an output may reach into its input: what kernels claim, against running them element by element."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ops.cases import int32, one_op_model, shapes
from tests.ops.test_moving import joined_model
from tinyengine_tf import api
from tinyengine_tf.ir import Op
from tinyengine_tf.kernels.select import select
from tinyengine_tf.target import load_target


def claimed(op: Op) -> tuple[int | None, ...] | None:
    return select(op, load_target("host").processor).lowered.layout.distances


def needed(sources: np.ndarray) -> int:
    """Smallest offset(input) - offset(output) such that no element is overwritten before it is read.

    sources    [outputs, reads]: int8 input elements that each output element needs, -1 for none
    """
    reads = [(t, s) for t, row in enumerate(sources) for s in row if s >= 0]
    return max(t - s for t, s in reads)


def op_of(model: bytes) -> Op:
    return api.load_graph(model).ops[0]


FEW = settings(max_examples=40, deadline=None)


@FEW
@given(shapes(1, 4, 5), st.randoms())
def test_transpose(shape: tuple[int, ...], random: object) -> None:
    order = list(range(len(shape)))
    random.shuffle(order)  # type: ignore[attr-defined]
    op = op_of(one_op_model("TRANSPOSE", shape, [shape[i] for i in order], [int32(*order)]))
    places = np.arange(np.prod(shape)).reshape(shape).transpose(order)
    assert claimed(op) == (needed(places.reshape(-1, 1)),)


@FEW
@given(shapes(2, 4, 5), st.data())
def test_reductions(shape: tuple[int, ...], data: st.DataObject) -> None:
    axes = sorted(data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1)))
    out = [1 if i in axes else d for i, d in enumerate(shape)]
    op = op_of(one_op_model("REDUCE_MAX", shape, out, [int32(*axes)], keep_dims=True))
    kept = [i for i in range(len(shape)) if i not in axes]
    places = np.arange(np.prod(shape)).reshape(shape).transpose([*kept, *axes])
    assert claimed(op) == (needed(places.reshape(int(np.prod(out)), -1)),)


@FEW
@given(shapes(1, 3, 4), st.data())
def test_pad(shape: tuple[int, ...], data: st.DataObject) -> None:
    edges = np.array([[data.draw(st.integers(0, 3)), data.draw(st.integers(0, 3))] for _ in shape], np.int32)
    op = op_of(one_op_model("PAD", shape, [d + int(e.sum()) for d, e in zip(shape, edges, strict=True)], [edges]))
    places = np.pad(np.arange(np.prod(shape)).reshape(shape), edges, constant_values=-1)
    assert claimed(op) == (needed(places.reshape(-1, 1)),)


@FEW
@given(shapes(1, 4, 4), st.data(), st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_concatenation(shape: tuple[int, ...], data: st.DataObject, parts: list[int]) -> None:
    axis = data.draw(st.integers(0, len(shape) - 1))
    inputs = [tuple(n if i == axis else d for i, d in enumerate(shape)) for n in parts]
    out = tuple(sum(parts) if i == axis else d for i, d in enumerate(shape))
    op = op_of(joined_model("CONCATENATION", inputs, out, axis, "INT8", [False] * len(parts)))
    want = []
    for k in range(len(parts)):
        places = [np.arange(np.prod(s)).reshape(s) if i == k else np.full(s, -1) for i, s in enumerate(inputs)]
        want.append(needed(np.concatenate(places, axis).reshape(-1, 1)))
    assert claimed(op) == tuple(want)
