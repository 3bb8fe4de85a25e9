"""CAST, ARG_MAX and ARG_MIN, equal to TFLM."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.exact import assert_exact
from tests.modelgen.builder import ModelBuilder
from tinyengine_tf import api
from tinyengine_tf.errors import UnsupportedError


def cast_model(source, target, shape=(3, 5)):
    b = ModelBuilder("cast")
    x = b.input(shape, source)
    y = b.tensor(shape, target)
    b.op("CAST", [x], [y], in_data_type=source, out_data_type=target)
    b.output(y)
    return b.finish()


@pytest.mark.parametrize(
    "source, target",
    list(itertools.product(["INT8", "INT16", "INT32", "FLOAT32", "BOOL"], ["INT8", "INT16", "INT32", "FLOAT32"])),
)
def test_cast(source, target):
    wide = {
        "FLOAT32": np.float32(
            [0.0, -0.0, 0.5, -0.5, 1.99, -1.99, 127.5, 128.5, -128.9, -129, 300.7, 32768, 1e6, -7e4, 2**24 + 2]
        ),
        "INT32": np.int32(
            [0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, 32768, 2**24 + 1, 2**31 - 1, -(2**31), 2**25 + 3]
        ),
    }
    model = cast_model(source, target)
    assert_exact(model)
    if source in wide:
        assert_exact(model, [[wide[source].reshape(3, 5)]])


@pytest.mark.parametrize("target", ["INT8", "INT16", "INT32"])
def test_cast_of_floats_beyond_integers(target):
    assert_exact(
        cast_model("FLOAT32", target, (7,)), [[np.float32([np.nan, np.inf, -np.inf, 3e9, -3e9, 2147483520, 200])]]
    )


def test_cast_in_a_chain_shares_memory():
    """int8 -> int32 -> int8, so that buffers meet in both directions."""
    b = ModelBuilder()
    x = b.input((6, 7), "INT8")
    y, z = b.tensor((6, 7), "INT32"), b.tensor((6, 7), "INT8")
    b.op("CAST", [x], [y], in_data_type="INT8", out_data_type="INT32")
    b.op("CAST", [y], [z], in_data_type="INT32", out_data_type="INT8")
    b.output(z)
    host = assert_exact(b.finish())
    assert host.arena.arena_bytes <= 42 * 4 + 8


def arg_model(opcode, shape, axis, *, dtype="INT8", out="INT32", axis_dtype=np.int32, out_shape=None):
    b = ModelBuilder(opcode.lower())
    x = b.input(shape, dtype, scale=0.1, zero_point=2)
    a = b.const(np.array(axis, axis_dtype))
    rest = [n for i, n in enumerate(shape) if i != axis % len(shape)]
    y = b.tensor(rest if out_shape is None else out_shape, out)
    b.op(opcode, [x, a], [y], output_type=out)
    b.output(y)
    return b.finish()


@pytest.mark.parametrize("opcode", ["ARG_MAX", "ARG_MIN"])
@pytest.mark.parametrize(
    "shape, axis",
    [
        ((7,), 0),
        ((1, 10), 1),
        ((1, 10), -1),
        ((4, 3, 5), 0),
        ((4, 3, 5), 1),
        ((4, 3, 5), -2),
        ((1, 4, 4, 3), 3),
        ((2, 1), 1),
    ],
)
def test_arg(opcode, shape, axis):
    rng = np.random.default_rng(1)
    ties = [[rng.integers(0, 3, shape).astype(np.int8)], [np.full(shape, -128, np.int8)]]
    assert_exact(arg_model(opcode, shape, axis))
    assert_exact(arg_model(opcode, shape, axis), ties)
    real = arg_model(opcode, shape, axis, dtype="FLOAT32")
    assert_exact(real)
    assert_exact(real, [[t.astype(np.float32)] for (t,) in ties])


@pytest.mark.parametrize(
    "model, rule",
    [
        (lambda: cast_model("UINT8", "INT8"), "it converts int8, int16"),
        (lambda: cast_model("INT64", "INT32"), "it converts int8, int16"),
        (lambda: cast_model("INT8", "BOOL"), "it converts int8, int16"),
        (lambda: arg_model("ARG_MAX", (2, 3), 1, dtype="INT16"), "float32 and the output int32"),
        (lambda: arg_model("ARG_MAX", (2, 3), 1, out="INT64"), "float32 and the output int32"),
        (lambda: arg_model("ARG_MIN", (2, 3), 2, out_shape=(2,)), "a dimension of the input"),
        (lambda: arg_model("ARG_MIN", (2, 3), 1, axis_dtype=np.int64), "one constant int32"),
        (lambda: arg_model("ARG_MIN", (2, 3), 1, out_shape=(3,)), "without the axis"),
    ],
)
def test_refused(model, rule):
    with pytest.raises(UnsupportedError, match=rule):
        api.load_graph(model())
