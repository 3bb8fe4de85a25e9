"""What is computed from constants is constant before any rule is asked; TFLM computes the same at run time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.exact import assert_exact
from tests.modelgen import ModelBuilder
from tinyengine_tf import api
from tinyengine_tf.errors import UnsupportedError

SCALE = 0.1


def values(*shape: int) -> np.ndarray:
    return (np.arange(np.prod(shape)) * 37 % 251 - 125).astype(np.int8).reshape(shape)


def transposed(b: ModelBuilder) -> int:
    w, y = b.const(values(3, 1, 1, 6), scale=SCALE), b.tensor((6, 1, 1, 3), scale=SCALE)
    b.op("TRANSPOSE", [w, b.const(np.array([3, 1, 2, 0], np.int32))], [y])
    return again(b, "TRANSPOSE", y, (3, 1, 1, 6), b.const(np.array([3, 1, 2, 0], np.int32)))


def again(b: ModelBuilder, opcode: str, x: int, shape: tuple[int, ...], *more: int, **options: object) -> int:
    y = b.tensor(shape, scale=SCALE)
    b.op(opcode, [x, *more], [y], **options)
    return y


def requantised(b: ModelBuilder) -> int:
    return again(b, "QUANTIZE", b.const(values(3, 1, 1, 6), scale=0.05, zero_point=3), (3, 1, 1, 6))


def quantised(b: ModelBuilder) -> int:
    floats = b.const(np.linspace(-15, 15, 18, dtype=np.float32).reshape(3, 1, 1, 6))
    return again(b, "QUANTIZE", floats, (3, 1, 1, 6))


def through_floats(b: ModelBuilder) -> int:
    """DEQUANTIZE, a product of constants, QUANTIZE: a whole subgraph."""
    floats, product = b.tensor((3, 1, 1, 6), "FLOAT32"), b.tensor((3, 1, 1, 6), "FLOAT32")
    b.op("DEQUANTIZE", [b.const(values(3, 1, 1, 6), scale=SCALE)], [floats])
    b.op("MUL", [floats, b.const(np.float32([0.5, 1, 1.5, -1, 0.25, 1]))], [product])
    return again(b, "QUANTIZE", product, (3, 1, 1, 6))


def cast(b: ModelBuilder) -> int:
    return again(b, "CAST", b.const(values(3, 1, 1, 6).astype(np.int32)), (3, 1, 1, 6))


def padded(b: ModelBuilder) -> int:
    amounts = b.const(np.array([[1, 0], [0, 0], [0, 0], [2, 0]], np.int32))
    return again(b, "PAD", b.const(values(2, 1, 1, 4), scale=SCALE), (3, 1, 1, 6), amounts)


def joined(b: ModelBuilder) -> int:
    parts = [b.const(values(n, 1, 1, 6), scale=SCALE) for n in (1, 2)]
    return again(b, "CONCATENATION", parts[0], (3, 1, 1, 6), parts[1], axis=0)


def reshaped(b: ModelBuilder) -> int:
    return again(b, "RESHAPE", b.const(values(6, 3), scale=SCALE), (3, 1, 1, 6), b.const(np.int32([3, 1, 1, 6])))


WEIGHTS = (transposed, requantised, quantised, through_floats, cast, padded, joined, reshaped)


@pytest.mark.parametrize("make", WEIGHTS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("opcode", ["CONV_2D", "FULLY_CONNECTED"])
def test_weights_behind_operators(make: Callable[[ModelBuilder], int], opcode: str) -> None:
    b = ModelBuilder()
    x = b.input((2, 1, 1, 6), scale=SCALE, zero_point=-4)
    w = make(b)
    if opcode == "CONV_2D":
        y = b.tensor((2, 1, 1, 3), scale=5.0)
        b.op("CONV_2D", [x, w, None], [y], padding="VALID", stride_w=1, stride_h=1)
    else:
        flat, y = again(b, "RESHAPE", w, (3, 6), b.const(np.int32([3, 6]))), b.tensor((2, 3), scale=5.0)
        b.op("FULLY_CONNECTED", [x, flat, None], [y])
    b.output(y)
    assert len(api.load_graph(b.finish()).ops) == 1
    assert_exact(b.finish())


def test_bias_and_scales_per_channel_behind_operators() -> None:
    b = ModelBuilder()
    x = b.input((1, 6, 6, 2), scale=SCALE)
    w = b.tensor((3, 3, 3, 2), scales=[0.1, 0.2, 0.15])
    stored = b.const(values(3, 2, 3, 3), scales=[0.1, 0.2, 0.15])
    b.op("TRANSPOSE", [stored, b.const(np.int32([0, 2, 3, 1]))], [w])
    bias = b.tensor((3,), "INT32", scales=[0.01, 0.02, 0.015])
    b.op("RESHAPE", [b.const(np.int32([[100, -200, 300]])), b.const(np.int32([3]))], [bias])
    y = b.tensor((1, 4, 4, 3), scale=5.0)
    b.op("CONV_2D", [x, w, bias], [y], padding="VALID", stride_w=1, stride_h=1)
    b.output(y)
    assert_exact(b.finish())


def gram(shape: tuple[int, ...] = (4, 6), *, bias: np.ndarray | int | None = None, **options: object) -> bytes:
    """A matrix times its own rows."""
    b = ModelBuilder()
    x = b.input(shape, scale=0.0078)
    w = x if len(shape) == 2 else again(b, "RESHAPE", x, (4, 6), b.const(np.int32([4, 6])))
    y = b.tensor((4, 4), scale=0.027, zero_point=-45)
    c = None if bias is None else b.const(bias, scale=0.0078**2)
    b.op("FULLY_CONNECTED", [x, w, c], [y], **options)
    b.output(y)
    return b.finish()


@pytest.mark.parametrize("activation", ["NONE", "RELU", "RELU6"])
@pytest.mark.parametrize("shape", [(4, 6), (2, 2, 6)])
def test_fully_connected_of_two_computed_matrices(shape: tuple[int, ...], activation: str) -> None:
    assert_exact(gram(shape, fused_activation_function=activation))


def test_a_bias_of_zeros_is_none() -> None:
    assert_exact(gram(bias=np.zeros(4, np.int32)))
    with pytest.raises(UnsupportedError, match="no bias but zeros"):
        api.load_graph(gram(bias=np.int32([0, 1, 0, 0])))


def test_two_different_computed_matrices_with_zero_points() -> None:
    b = ModelBuilder()
    x, w = b.input((3, 5), scale=0.02, zero_point=7), b.input((2, 5), scale=0.03, zero_point=-9)
    y = b.tensor((3, 2), scale=0.05, zero_point=3)
    b.op("FULLY_CONNECTED", [x, w, None], [y])
    b.output(y)
    assert_exact(b.finish())


def test_empty_parts_of_a_split() -> None:
    """TFLite and the exporter's own runs leave out what has no elements; the `tflite_micro` package refuses it."""
    b = ModelBuilder()
    x = b.input((1, 8), scale=SCALE)
    parts = [b.tensor((1, n), scale=SCALE) for n in (5, 0, 3)]
    b.op("SPLIT_V", [x, b.const(np.int32([5, 0, 3])), b.const(np.int32(1))], parts, num_splits=3)
    joined = b.tensor((1, 8), scale=SCALE)
    b.op("CONCATENATION", [parts[2], parts[1], parts[0]], [joined], axis=1)
    b.output(joined)
    from tests.exact import HostModel

    data = np.arange(8, dtype=np.int8)[None]
    (got,) = HostModel(b.finish()).run([data])
    np.testing.assert_array_equal(np.ravel(got), [5, 6, 7, 0, 1, 2, 3, 4])


def test_shapes_are_computed_beforehand() -> None:
    """What Keras makes of a Dense layer on a sequence with an open batch size."""
    b = ModelBuilder()
    x = b.input((1, 5, 4), scale=SCALE, signature=(-1, 5, 4))
    shape, kept, rows = b.tensor((3,), "INT32"), b.tensor((2,), "INT32"), b.tensor((), "INT32")
    b.op("SHAPE", [x], [shape], out_type="INT32")
    b.op("GATHER", [shape, b.const(np.int32([0, 1]))], [kept], axis=0)
    b.op("REDUCE_PROD", [kept, b.const(np.int32([0]))], [rows])
    matrix, flat = b.tensor((2,), "INT32"), b.tensor((1, 1), scale=SCALE, signature=(-1, -1))
    b.op("PACK", [rows, b.const(np.int32(4))], [matrix], values_count=2, axis=0)
    b.op("RESHAPE", [x, matrix], [flat])
    y = b.tensor((1, 3), scale=1.0, signature=(-1, 3))
    b.op("FULLY_CONNECTED", [flat, b.const(values(3, 4), scale=SCALE), None], [y])
    b.output(y)
    graph = api.load_graph(b.finish())
    assert [t.shape for t in graph.outputs] == [(5, 3)] and len(graph.ops) == 2


@pytest.mark.parametrize(
    "opcode, inputs, expected",
    [
        ("RANGE", [2, 11, 3], [2, 5, 8]),
        ("FLOOR_DIV", [[7, -7, 9], [2, 2, -4]], [3, -4, -3]),
        ("FLOOR_MOD", [[7, -7, 9], [2, 2, -4]], [1, 1, -3]),
        ("REDUCE_PROD", [[[2, 3], [4, 5], [6, 7]], [1]], [6, 20, 42]),
    ],
)
def test_shape_arithmetic(opcode: str, inputs: list[object], expected: list[int]) -> None:
    b = ModelBuilder()
    b.output(b.input((1,), scale=SCALE))
    y = b.tensor((3,), "INT32")
    b.op(opcode, [b.const(np.int32(v)) for v in inputs], [y])
    b.output(y)
    np.testing.assert_array_equal(api.load_graph(b.finish()).outputs[1].values, expected)


def test_division_by_zero_is_refused() -> None:
    b = ModelBuilder()
    b.output(b.input((1,), scale=SCALE))
    y = b.tensor((1,), "INT32")
    b.op("FLOOR_DIV", [b.const(np.int32([3])), b.const(np.int32([0]))], [y])
    b.output(y)
    with pytest.raises(UnsupportedError, match="no division by zero"):
        api.load_graph(b.finish())


def test_a_scale_of_zero_that_nobody_asks_for() -> None:
    b = ModelBuilder()
    x = b.input((1, 4), scale=SCALE)
    shape = b.const(np.int32([2, 2]), scale=0.0)
    b.output(again(b, "RESHAPE", x, (2, 2), shape))
    assert_exact(b.finish())


def test_channels_with_a_scale_of_zero() -> None:
    b = ModelBuilder()
    x = b.input((1, 4), scale=SCALE)
    y = b.tensor((1, 3), scale=0.5)
    bias = b.const(np.int32([10, 20, 30]), scales=[0.01, 0.0, 0.02])
    b.op("FULLY_CONNECTED", [x, b.const(values(3, 4), scales=[0.1, 0.0, 0.2]), bias], [y])
    b.output(y)
    assert_exact(b.finish())


def test_a_product_of_nothing_is_one() -> None:
    b = ModelBuilder()
    b.output(b.input((1,), scale=SCALE))
    y = b.tensor((), "INT32")
    b.op("REDUCE_PROD", [b.const(np.zeros(0, np.int32)), b.const(np.int32([0]))], [y])
    b.output(y)
    assert api.load_graph(b.finish()).outputs[1].values == 1


@pytest.mark.parametrize("opcode", ["TRANSPOSE", "REDUCE_MIN", "RESHAPE"])
def test_constants_without_elements_are_no_data(opcode: str) -> None:
    b = ModelBuilder()
    b.output(b.input((1,), scale=SCALE))
    nothing = b.tensor((0, 2), scale=SCALE, data=b"")
    y = b.tensor((2, 2), scale=SCALE)
    b.op(opcode, [nothing, b.const(np.int32([1, 0]))], [y])
    b.output(y)
    with pytest.raises(UnsupportedError, match="no tensor but a constant list or a part of a split is empty"):
        api.load_graph(b.finish())
