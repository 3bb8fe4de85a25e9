"""Passes that fold and remove: what they do, when they must not, and that the C still equals TFLM."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import HostModel, assert_exact
from tests.modelgen import ModelBuilder
from tests.ops.cases import int32, one_op_model, out_size, quantized
from tinyengine_tf import passes
from tinyengine_tf.ir import Graph


def kinds(graph: Graph) -> list[str]:
    return [op.KIND for op in passes.run(graph).ops]


def padded_model(
    reader: str,
    edges: list[tuple[int, int]],
    *,
    fill: int | None = None,
    padding: str = "VALID",
    zero: int = -7,
    shared: bool = False,
    kernel: tuple[int, int] = (3, 3),
    stride: tuple[int, int] = (1, 1),
    size: tuple[int, int] = (6, 5),
    pad_zero: int | None = None,
) -> bytes:
    """x --PAD--> y --reader--> z, with y also an output if `shared`."""
    rng = np.random.default_rng(0)
    b = ModelBuilder()
    x = b.input((1, *size, 2), scale=0.05, zero_point=zero)
    shape = [d + e[0] + e[1] for d, e in zip((1, *size, 2), edges, strict=True)]
    quantisation = quantized("INT8", 0.05, zero if pad_zero is None else pad_zero)
    y = b.tensor(shape, **quantisation)
    arguments = [b.const(np.array(edges, np.int32))]
    if fill is not None:
        arguments.append(b.const(np.array(fill, np.int8), **quantisation))
    b.op("PADV2" if len(arguments) > 1 else "PAD", [x, *arguments], [y])
    size_out = [out_size(shape[i + 1], kernel[i], stride[i], 1, padding) for i in (0, 1)]
    options = {"padding": padding, "stride_h": stride[0], "stride_w": stride[1]}
    if reader == "MAX_POOL_2D":
        z = b.tensor((shape[0], *size_out, shape[3]), **quantisation)
        b.op(reader, [y], [z], filter_height=kernel[0], filter_width=kernel[1], **options)
    else:
        depthwise = reader == "DEPTHWISE_CONV_2D"
        w = (1, *kernel, shape[3]) if depthwise else (4, *kernel, shape[3])
        z = b.tensor((shape[0], *size_out, shape[3] if depthwise else 4), scale=0.9, zero_point=2)
        weights = b.const(rng.integers(-127, 128, w).astype(np.int8), scale=0.05, axis=3 if depthwise else 0)
        b.op(reader, [y, weights], [z], **options, **({"depth_multiplier": 1} if depthwise else {}))
    b.output(z, *([y] if shared else []))
    return b.finish()


BORDER = [(0, 0), (1, 1), (1, 1), (0, 0)]


@pytest.mark.parametrize("reader", ["CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D"])
@pytest.mark.parametrize("padding", ["VALID", "SAME"])
def test_pad_folds_into_its_window(reader: str, padding: str) -> None:
    model = padded_model(reader, BORDER, fill=-128 if reader == "MAX_POOL_2D" else None, padding=padding)
    host = assert_exact(model)
    assert kinds(host.graph) == [
        {"CONV_2D": "Conv2D", "DEPTHWISE_CONV_2D": "DepthwiseConv2D", "MAX_POOL_2D": "MaxPool2D"}[reader]
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"fill": 5},
        {"shared": True},
        {"edges": [(0, 0), (1, 1), (1, 1), (0, 1)]},
        {"edges": [(1, 0), (1, 1), (1, 1), (0, 0)]},
        {"pad_zero": 3},
        {"reader": "MAX_POOL_2D"},
        {"reader": "MAX_POOL_2D", "fill": -128, "edges": [(0, 0), (4, 0), (0, 0), (0, 0)]},
    ],
    ids=str,
)
def test_pad_stays_where_it_matters(change: dict[str, object]) -> None:
    host = assert_exact(padded_model(**{"reader": "CONV_2D", "edges": BORDER, **change}))  # type: ignore[arg-type]
    assert kinds(host.graph)[0] == "Pad"


EDGE = st.tuples(st.integers(0, 4), st.integers(0, 4))
PAIR = st.tuples(st.integers(1, 4), st.integers(1, 4))


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(("CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D")),
    EDGE,
    EDGE,
    PAIR,
    PAIR,
    st.sampled_from(("SAME", "VALID")),
)
def test_folded_pads_are_exact(
    reader: str,
    rows: tuple[int, int],
    columns: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: str,
) -> None:
    fill = -128 if reader == "MAX_POOL_2D" else None
    edges = [(0, 0), rows, columns, (0, 0)]
    assert_exact(padded_model(reader, edges, fill=fill, kernel=kernel, stride=stride, padding=padding), count=1)


@pytest.mark.parametrize(
    "model",
    [
        one_op_model("TRANSPOSE", (1, 5, 1, 3), (5, 1, 3, 1), [int32(1, 0, 3, 2)]),
        one_op_model("SLICE", (2, 3), (2, 3), [int32(0, 0), int32(-1, 3)]),
        one_op_model("STRIDED_SLICE", (2, 3), (2, 3), [int32(0, 0), int32(9, 9), int32(1, 1)]),
        one_op_model("PAD", (2, 3), (2, 3), [np.zeros((2, 2), np.int32)]),
        one_op_model("CONCATENATION", (2, 3), (2, 3), axis=1),
        one_op_model("SPLIT", (2, 3), [(2, 3)], [np.array(1, np.int32)], data_position=1, num_splits=1),
        one_op_model("MEAN", (2, 1, 1, 3), (2, 3), [int32(1, 2)], keep_dims=False),
        one_op_model(
            "MAX_POOL_2D",
            (1, 4, 4, 2),
            (1, 4, 4, 2),
            padding="SAME",
            filter_height=1,
            filter_width=1,
            stride_h=1,
            stride_w=1,
        ),
        one_op_model("SPACE_TO_DEPTH", (1, 2, 2, 3), (1, 1, 1, 12), block_size=2),
    ],
)
def test_operators_that_change_nothing_cost_nothing(model: bytes) -> None:
    host = assert_exact(model)
    assert kinds(host.graph) == ["Reshape"]
    assert host.arena.schedule.layers == ()


def test_chains_of_reshapes_become_one() -> None:
    b = ModelBuilder()
    x = b.input((2, 6), scale=1.0)
    tensors = [b.tensor(s, scale=1.0) for s in ((3, 4), (12,), (2, 6), (2, 6))]
    for before, after in pairwise([x, *tensors]):
        b.op("RESHAPE", [before], [after])
    b.output(tensors[-1])
    assert kinds(assert_exact(b.finish()).graph) == ["Reshape"]


def test_shape_arithmetic_with_products_folds() -> None:
    """What Keras writes for Conv2DTranspose with an unknown batch: sizes multiplied at run time."""
    b = ModelBuilder()
    x = b.input((1, 3, 4, 2), scale=0.05)
    shape = b.tensor((4,), "INT32")
    b.op("SHAPE", [x], [shape], out_type="INT32")
    sizes = []
    for i, factor in enumerate((1, 2, 2)):
        one, product = b.tensor((), "INT32"), b.tensor((), "INT32")
        b.op(
            "STRIDED_SLICE",
            [shape, b.const(int32(i)), b.const(int32(i + 1)), b.const(int32(1))],
            [one],
            shrink_axis_mask=1,
        )
        b.op("MUL", [one, b.const(np.array(factor, np.int32))], [product])
        sizes.append(product)
    target = b.tensor((4,), "INT32")
    b.op("PACK", [*sizes, b.const(np.array(3, np.int32))], [target], values_count=4, axis=0)
    w = b.const(np.arange(-27, 27).reshape(3, 3, 3, 2).astype(np.int8), scale=0.1)
    y = b.tensor((1, 6, 8, 3), scale=0.9)
    b.op("TRANSPOSE_CONV", [target, w, x], [y], padding="SAME", stride_h=2, stride_w=2)
    b.output(y)
    assert kinds(HostModel(b.finish()).graph) == ["TransposeConv"]


def test_everything_constant_leaves_no_layer() -> None:
    b = ModelBuilder()
    b.input((1,), scale=1.0)
    c = b.const(np.arange(6).reshape(2, 3).astype(np.int8), scale=1.0)
    t, y = b.tensor((3, 2), scale=1.0), b.tensor((3, 4), scale=1.0)
    b.op("TRANSPOSE", [c, b.const(int32(1, 0))], [t])
    b.op("CONCATENATION", [t, t], [y], axis=1)
    b.output(y)
    host = HostModel(b.finish())
    assert host.arena.schedule.layers == ()
    assert host.run([np.zeros(1, np.int8)])[0].tolist() == [[0, 3, 0, 3], [1, 4, 1, 4], [2, 5, 2, 5]]
