"""Operators that only move data, against TFLM: every attribute, several element types."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import HostModel, assert_exact
from tests.modelgen import ModelBuilder
from tests.ops.cases import TYPES, int32, one_op_model, quantized, shapes
from tinyengine_tf import api, passes
from tinyengine_tf.errors import UnsupportedError
from tinyengine_tf.ops.reshape import Reshape

FEW = settings(max_examples=20, deadline=None)


@FEW
@given(shapes(1, 5), st.randoms(), st.sampled_from(("INT8", "FLOAT32")))
def test_transpose(shape: tuple[int, ...], random: object, dtype: str) -> None:
    order = list(range(len(shape)))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert_exact(one_op_model("TRANSPOSE", shape, [shape[i] for i in order], [int32(*order)], dtype=dtype), count=1)


@FEW
@given(shapes(), st.data(), st.sampled_from(TYPES))
def test_slice(shape: tuple[int, ...], data: st.DataObject, dtype: str) -> None:
    begin = [data.draw(st.integers(0, d - 1)) for d in shape]
    size = [data.draw(st.integers(1, d - b)) for d, b in zip(shape, begin, strict=True)]
    given_size = [
        -1 if n == d - b and data.draw(st.booleans()) else n for d, b, n in zip(shape, begin, size, strict=True)
    ]
    assert_exact(one_op_model("SLICE", shape, size, [int32(*begin), int32(*given_size)], dtype=dtype), count=1)


@st.composite
def strided_slices(draw: st.DrawFn) -> tuple[bytes, bool]:
    shape = draw(shapes(1, 4))
    begin, end, step, kept = [], [], [], []
    masks = dict.fromkeys(("begin_mask", "end_mask", "shrink_axis_mask"), 0)
    for i, dim in enumerate(shape):
        s = draw(st.sampled_from((1, 1, 2, 3, -1, -2)))
        first, last = sorted((draw(st.integers(0, dim - 1)), draw(st.integers(0, dim - 1))))
        first, last = (first, last + 1) if s > 0 else (last, first - 1)
        for name in ("begin_mask", "end_mask"):
            if draw(st.booleans()):
                masks[name] |= 1 << i
        if s > 0 and draw(st.sampled_from((False, False, True))):
            masks["shrink_axis_mask"] |= 1 << i
            masks["begin_mask"] &= ~(1 << i)
            s = 1
        else:
            low = (0 if s > 0 else dim - 1) if masks["begin_mask"] >> i & 1 else first
            high = (dim if s > 0 else -1) if masks["end_mask"] >> i & 1 else last
            kept.append(len(range(low, high, s)))
        begin.append(first - dim if draw(st.booleans()) else first)
        # -1 would count from the end: a negative step that reaches element 0 ends far below.
        end.append(last if last >= 0 else -dim - 1)
        step.append(s)
    arguments = [int32(*begin), int32(*end), int32(*step)]
    model = one_op_model("STRIDED_SLICE", shape, kept or (), arguments, dtype=draw(st.sampled_from(TYPES)), **masks)
    return model


@settings(max_examples=40, deadline=None)
@given(strided_slices())
def test_strided_slice(model: bytes) -> None:
    assert_exact(model, count=1)


def test_strided_slice_with_ellipsis_and_new_axis() -> None:
    """TFLM has neither; numpy says what x[1:2, ..., None, ::2] is."""
    model = one_op_model(
        "STRIDED_SLICE",
        (3, 2, 4),
        (1, 2, 1, 2),
        [int32(1, 0, 0, 0), int32(2, 0, 0, 0), int32(1, 1, 1, 2)],
        ellipsis_mask=2,
        new_axis_mask=4,
        begin_mask=8,
        end_mask=8,
    )
    x = np.arange(24, dtype=np.int8).reshape(3, 2, 4)
    assert HostModel(model).run([x])[0].tolist() == x[1:2, ..., None, ::2].tolist()


@FEW
@given(shapes(), st.data(), st.sampled_from(TYPES), st.booleans())
def test_split(shape: tuple[int, ...], data: st.DataObject, dtype: str, negative: bool) -> None:
    axis = data.draw(st.integers(0, len(shape) - 1))
    pieces = data.draw(st.integers(1, 4))
    whole = tuple(d * pieces if i == axis else d for i, d in enumerate(shape))
    where = int32(axis - len(shape) if negative else axis).reshape(())
    model = one_op_model("SPLIT", whole, [shape] * pieces, [where], dtype=dtype, data_position=1, num_splits=pieces)
    assert_exact(model, count=1)


@FEW
@given(shapes(), st.data(), st.sampled_from(TYPES))
def test_split_v(shape: tuple[int, ...], data: st.DataObject, dtype: str) -> None:
    axis = data.draw(st.integers(0, len(shape) - 1))
    sizes = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    outputs = [tuple(n if i == axis else d for i, d in enumerate(shape)) for n in sizes]
    whole = tuple(sum(sizes) if i == axis else d for i, d in enumerate(shape))
    model = one_op_model(
        "SPLIT_V", whole, outputs, [int32(*sizes), int32(axis).reshape(())], dtype=dtype, num_splits=len(sizes)
    )
    assert_exact(model, count=1)


@FEW
@given(shapes(1, 4), st.data(), st.sampled_from(TYPES))
def test_unpack(shape: tuple[int, ...], data: st.DataObject, dtype: str) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    rest = tuple(d for i, d in enumerate(shape) if i != axis % len(shape))
    count = shape[axis]
    assert_exact(one_op_model("UNPACK", shape, [rest] * count, dtype=dtype, axis=axis, num=count), count=1)


@FEW
@given(shapes(1, 4), st.data())
def test_reverse(shape: tuple[int, ...], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(shape) - 1))
    last = data.draw(st.integers(first, len(shape) - 1))
    assert_exact(one_op_model("REVERSE_V2", shape, shape, [int32(*range(first, last + 1))]), count=1)


def joined_model(
    opcode: str, shapes_in: list[tuple[int, ...]], out: tuple[int, ...], axis: int, dtype: str, constant: list[bool]
) -> bytes:
    """Tensors side by side, some of them constants."""
    rng = np.random.default_rng(len(out))
    b = ModelBuilder()
    inputs = []
    for shape, fixed in zip(shapes_in, constant, strict=True):
        if fixed:
            values = rng.integers(-100, 100, shape).astype(
                {"INT8": np.int8, "INT32": np.int32, "FLOAT32": np.float32}[dtype]
            )
            inputs.append(b.const(values, **quantized(dtype)))
        else:
            inputs.append(b.input(shape, dtype, **quantized(dtype)))
    y = b.tensor(out, dtype, **quantized(dtype))
    options = {"values_count": len(inputs)} if opcode == "PACK" else {}
    b.op(opcode, inputs, [y], axis=axis, **options)
    b.output(y)
    return b.finish()


@FEW
@given(
    shapes(),
    st.data(),
    st.sampled_from(TYPES),
    st.lists(st.tuples(st.integers(1, 5), st.booleans()), min_size=1, max_size=5),
)
def test_concatenation(shape: tuple[int, ...], data: st.DataObject, dtype: str, parts: list[tuple[int, bool]]) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    inputs = [tuple(n if i == axis % len(shape) else d for i, d in enumerate(shape)) for n, _ in parts]
    out = tuple(sum(n for n, _ in parts) if i == axis % len(shape) else d for i, d in enumerate(shape))
    constant = [fixed and i > 0 for i, (_, fixed) in enumerate(parts)]
    assert_exact(joined_model("CONCATENATION", inputs, out, axis, dtype, constant), count=1)


@FEW
@given(shapes(0, 3), st.data(), st.sampled_from(TYPES), st.integers(1, 4))
def test_pack(shape: tuple[int, ...], data: st.DataObject, dtype: str, count: int) -> None:
    axis = data.draw(st.integers(-len(shape) - 1, len(shape)))
    out = list(shape)
    out.insert(axis % (len(shape) + 1), count)
    assert_exact(
        joined_model("PACK", [shape] * count, tuple(out), axis, dtype, [i % 2 == 1 for i in range(count)]), count=1
    )


def test_concatenation_of_one_tensor_with_itself() -> None:
    b = ModelBuilder()
    x = b.input((1, 2, 3, 4), scale=1.0)
    y = b.tensor((1, 2, 3, 8), scale=1.0)
    b.op("CONCATENATION", [x, x], [y], axis=3)
    b.output(y)
    assert_exact(b.finish())


def test_requantising_concatenation_is_refused_with_the_rule() -> None:
    model = one_op_model("CONCATENATION", (1, 4), (1, 4), axis=1, out_quantisation=quantized("INT8", 0.06))
    with pytest.raises(UnsupportedError, match="output's scale and zero point"):
        api.load_graph(model)


@FEW
@given(shapes(1, 5, 5), st.data(), st.sampled_from(TYPES), st.booleans())
def test_pad(shape: tuple[int, ...], data: st.DataObject, dtype: str, with_value: bool) -> None:
    edges = np.array([[data.draw(st.integers(0, 3)), data.draw(st.integers(0, 3))] for _ in shape], np.int32)
    if data.draw(st.booleans()):
        edges[0] = 0
    b = ModelBuilder()
    x = b.input(shape, dtype, **quantized(dtype))
    inputs = [x, b.const(edges)]
    if with_value:
        kind = {"INT8": np.int8, "INT32": np.int32, "FLOAT32": np.float32}[dtype]
        inputs.append(b.const(np.array(-128 if dtype == "INT8" else -2.5, kind), **quantized(dtype)))
    y = b.tensor([d + int(e.sum()) for d, e in zip(shape, edges, strict=True)], dtype, **quantized(dtype))
    b.op("PADV2" if with_value else "PAD", inputs, [y])
    b.output(y)
    assert_exact(b.finish(), count=1)


@FEW
@given(st.integers(1, 2), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.booleans())
def test_depth_and_space(n: int, h: int, w: int, c: int, block: int, to_depth: bool) -> None:
    large, small = (n, h * block, w * block, c), (n, h, w, c * block * block)
    opcode, x, y = ("SPACE_TO_DEPTH", large, small) if to_depth else ("DEPTH_TO_SPACE", small, large)
    assert_exact(one_op_model(opcode, x, y, block_size=block), count=1)


@FEW
@given(
    st.integers(1, 2),
    st.lists(st.tuples(*[st.integers(1, 4)] * 2, st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=2),
    st.integers(1, 3),
)
def test_batch_to_space(n: int, spatial: list[tuple[int, ...]], c: int) -> None:
    blocks = [s[1] for s in spatial]
    crops = [[min(s[2], s[0] * s[1] - 1), 0] for s in spatial]
    for crop, s in zip(crops, spatial, strict=True):
        crop[1] = min(s[3], s[0] * s[1] - 1 - crop[0])
    x = (n * math.prod(blocks), *(s[0] for s in spatial), c)
    y = (n, *(s[0] * s[1] - sum(crop) for s, crop in zip(spatial, crops, strict=True)), c)
    assert_exact(one_op_model("BATCH_TO_SPACE_ND", x, y, [int32(*blocks), np.array(crops, np.int32)]), count=1)


@FEW
@given(st.integers(1, 2), st.lists(st.tuples(*[st.integers(1, 4)] * 2), min_size=1, max_size=2), st.integers(1, 3))
def test_space_to_batch(n: int, spatial: list[tuple[int, int]], c: int) -> None:
    blocks = [b for _, b in spatial]
    x, y = (n, *(d * b for d, b in spatial), c), (n * math.prod(blocks), *(d for d, _ in spatial), c)
    assert_exact(
        one_op_model("SPACE_TO_BATCH_ND", x, y, [int32(*blocks), np.zeros((len(blocks), 2), np.int32)]), count=1
    )


def test_space_to_batch_with_padding() -> None:
    """TFLM fills with uninitialised memory here; the quantised zero is what TFLite means."""
    model = one_op_model(
        "SPACE_TO_BATCH_ND", (1, 3, 2, 2), (4, 2, 2, 2), [int32(2, 2), np.array([[1, 0], [0, 2]], np.int32)]
    )
    x = np.arange(12, dtype=np.int8).reshape(1, 3, 2, 2)
    padded = np.pad(x, ((0, 0), (1, 0), (0, 2), (0, 0)), constant_values=-7)
    want = np.concatenate([padded[:, i::2, j::2] for i in (0, 1) for j in (0, 1)])
    assert HostModel(model).run([x])[0].tolist() == want.tolist()


@FEW
@given(shapes(1, 4, 4), st.data(), st.sampled_from(TYPES))
def test_broadcast_to(out: tuple[int, ...], data: st.DataObject, dtype: str) -> None:
    shape = tuple(data.draw(st.sampled_from((1, d))) for d in out[data.draw(st.integers(0, len(out) - 1)) :])
    assert_exact(one_op_model("BROADCAST_TO", shape, out, [int32(*out)], dtype=dtype), count=1)


@FEW
@given(shapes(1, 4, 5), st.data(), st.sampled_from(("INT8", "FLOAT32")), st.sampled_from(("REFLECT", "SYMMETRIC")))
def test_mirror_pad(shape: tuple[int, ...], data: st.DataObject, dtype: str, mode: str) -> None:
    widest = [d - (mode == "REFLECT") for d in shape]
    edges = np.array([[data.draw(st.integers(0, n)), data.draw(st.integers(0, n))] for n in widest], np.int32)
    out = [d + int(e.sum()) for d, e in zip(shape, edges, strict=True)]
    assert_exact(one_op_model("MIRROR_PAD", shape, out, [edges], dtype=dtype, mode=mode), count=1)


@FEW
@given(shapes(1, 4, 5), st.data(), st.sampled_from(("INT8", "FLOAT32")), st.sampled_from(("", "indices", "values")))
def test_gather(shape: tuple[int, ...], data: st.DataObject, dtype: str, constant: str) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    count = data.draw(st.integers(1, 4))
    index = st.integers(0, shape[axis] - 1)
    chosen = int32(*data.draw(st.lists(index, min_size=count, max_size=count)))
    rng = np.random.default_rng(count)
    values = rng.integers(-100, 100, shape).astype({"INT8": np.int8, "FLOAT32": np.float32}[dtype])
    b = ModelBuilder()
    x = b.const(values, **quantized(dtype)) if constant == "values" else b.input(shape, dtype, **quantized(dtype))
    i = b.const(chosen) if constant == "indices" else b.input((count,), "INT32")
    out = list(shape)
    out[axis] = count
    y = b.tensor(out, dtype, **quantized(dtype))
    b.op("GATHER", [x, i], [y], axis=axis)
    b.output(y)
    sample = ([] if constant == "values" else [values]) + ([] if constant == "indices" else [chosen])
    assert_exact(b.finish(), [sample])


@FEW
@given(shapes(1, 4), st.data(), st.sampled_from(("INT8", "FLOAT32")))
def test_gather_nd(shape: tuple[int, ...], data: st.DataObject, dtype: str) -> None:
    depth = data.draw(st.integers(1, len(shape)))
    place = st.tuples(*(st.integers(0, n - 1) for n in shape[:depth]))
    rows, columns = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    indices = [[list(data.draw(place)) for _ in range(columns)] for _ in range(rows)]
    out = (rows, columns, *shape[depth:])
    assert_exact(one_op_model("GATHER_ND", shape, out, [np.array(indices, np.int32)], dtype=dtype), count=1)


def test_gather_nd_outside() -> None:
    model = one_op_model("GATHER_ND", (3, 4), (1,), [np.array([[2, 4]], np.int32)])
    with pytest.raises(UnsupportedError, match="indices lie inside"):
        api.load_graph(model)


@pytest.mark.parametrize("opcode", ["RESHAPE", "SQUEEZE", "EXPAND_DIMS"])
@pytest.mark.parametrize("dtype", ["INT8", "FLOAT32"])
def test_reshapes(opcode: str, dtype: str) -> None:
    x, y, arguments, options = {
        "RESHAPE": ((2, 6), (3, 4), [int32(3, 4)], {"new_shape": [3, 4]}),
        "SQUEEZE": ((1, 3, 1, 2), (3, 2), [], {"squeeze_dims": [0, 2]}),
        "EXPAND_DIMS": ((3, 2), (3, 1, 2), [int32(1)], {}),
    }[opcode]
    assert_exact(one_op_model(opcode, x, y, arguments, dtype=dtype, **options))


def shape_arithmetic(b: ModelBuilder, x: int, rank: int, new: list[int]) -> int:
    """What Keras writes for reshaping with an unknown batch: the batch from SHAPE, the rest constant."""
    shape, batch = b.tensor((rank,), "INT32"), b.tensor((), "INT32")
    b.op("SHAPE", [x], [shape], out_type="INT32")
    b.op("STRIDED_SLICE", [shape, b.const(int32(0)), b.const(int32(1)), b.const(int32(1))], [batch], shrink_axis_mask=1)
    parts = [batch, *(b.const(np.array(n, np.int32)) for n in new)]
    target = b.tensor((len(parts),), "INT32")
    b.op("PACK", parts, [target], values_count=len(parts), axis=0)
    return target


def test_shape_arithmetic_folds() -> None:
    b = ModelBuilder()
    x = b.input((2, 3, 4), scale=1.0)
    y = b.tensor((2, 12), scale=1.0)
    b.op("RESHAPE", [x, shape_arithmetic(b, x, 3, [12])], [y])
    b.output(y)
    host = assert_exact(b.finish())
    assert [type(op) for op in passes.run(host.graph).ops] == [Reshape]


def test_outputs_may_be_constants_and_inputs() -> None:
    b = ModelBuilder()
    x = b.input((2, 3), "INT32")
    shape, y = b.tensor((2,), "INT32"), b.tensor((3, 2), "INT32")
    b.op("SHAPE", [x], [shape], out_type="INT32")
    b.op("RESHAPE", [x, b.const(int32(3, 2))], [y])
    b.output(shape, y, x)
    host = HostModel(b.finish())
    value = np.arange(6, dtype=np.int32).reshape(2, 3)
    assert [o.tolist() for o in host.run([value])] == [[2, 3], value.reshape(3, 2).tolist(), value.tolist()]


def test_pieces_of_a_tensor_stay_where_they_are() -> None:
    """Splitting rows, working on one piece and joining again: a dense slice is no copy."""
    b = ModelBuilder()
    x = b.input((1, 4, 2, 3), scale=0.05)
    upper, lower = b.tensor((1, 2, 2, 3), scale=0.05), b.tensor((1, 2, 2, 3), scale=0.05)
    b.op("SPLIT", [b.const(np.array(1, np.int32)), x], [upper, lower], num_splits=2)
    pooled, y = b.tensor((1, 2, 2, 3), scale=0.05), b.tensor((1, 4, 2, 3), scale=0.05)
    b.op("MAX_POOL_2D", [lower], [pooled], padding="SAME", filter_height=3, filter_width=3, stride_h=1, stride_w=1)
    b.op("CONCATENATION", [pooled, upper], [y], axis=1)
    b.output(y)
    host = assert_exact(b.finish())
    assert [layer.op.KIND for layer in host.arena.schedule.layers] == ["MaxPool2D", "Concatenation"]


def test_constant_data_enters_a_convolution() -> None:
    rng = np.random.default_rng(0)
    b = ModelBuilder()
    x = b.input((1, 2, 2, 2), scale=0.1)
    c = b.const(rng.integers(-100, 100, (1, 2, 2, 3)).astype(np.int8), scale=0.1)
    w = b.const(rng.integers(-100, 100, (2, 1, 1, 3)).astype(np.int8), scale=0.1)
    k, y = b.tensor((1, 2, 2, 2), scale=0.1), b.tensor((1, 2, 2, 4), scale=0.1)
    b.op("CONV_2D", [c, w], [k], padding="SAME", stride_h=1, stride_w=1)
    b.op("CONCATENATION", [x, k], [y], axis=3)
    b.output(y)
    assert_exact(b.finish())


def test_extreme_constants_survive_as_literals() -> None:
    """Infinities, the smallest and largest numbers, and the lowest integers, which C cannot write down directly."""
    floats = np.array([np.inf, -np.inf, 0.0, -0.0, 1e-45, 3.4028235e38, 0.1, 16777216.0], np.float32)
    for values, dtype in (
        (floats, "FLOAT32"),
        (np.array([-(2**31), 2**31 - 1, 0], np.int32), "INT32"),
        (np.array([-(2**63), 2**63 - 1], np.int64), "INT64"),
    ):
        b = ModelBuilder()
        x = b.input((1,), dtype)
        y = b.tensor((1 + len(values),), dtype)
        b.op("CONCATENATION", [x, b.const(values)], [y], axis=0)
        b.output(y)
        assert_exact(b.finish())
