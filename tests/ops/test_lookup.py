"""Unary 8-bit operators and quantisation: all 256 inputs, over many scales, equal to TFLM bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import HostModel, assert_exact
from tests.modelgen.builder import ModelBuilder
from tinyengine_tf import api
from tinyengine_tf.errors import UnsupportedError
from tinyengine_tf.lab import reference
from tinyengine_tf.ops.lookup import Lookup

EVERY_INT8 = np.arange(-128, 128, dtype=np.int8).reshape(1, 4, 4, 16)
ordinary_scale = st.floats(2.0**-13, 0.25, width=32)
extreme_scale = st.one_of(ordinary_scale, st.floats(2.0**-15, 2.0**14, width=32), st.sampled_from([0.5, 1.0, 1 / 256]))
zero_point = st.one_of(st.integers(-128, 127), st.sampled_from([-128, 0, 127]))
few = settings(max_examples=10, deadline=None)
many = settings(max_examples=60, deadline=None)


def unary_model(
    opcode, in_scale, in_zero, out_scale, out_zero, shape=(1, 4, 4, 16), dtypes=("INT8", "INT8"), **options
):
    b = ModelBuilder(opcode.lower())
    x = b.input(shape, dtypes[0], scale=in_scale, zero_point=in_zero)
    y = b.tensor(shape, dtypes[1], scale=out_scale, zero_point=out_zero)
    b.op(opcode, [x], [y], **options)
    b.output(y)
    return b.finish()


def check(*args, **kwargs):
    """The table equals TFLM; that C looks it up correctly is tested apart, so that this one needs no compiler."""
    model = unary_model(*args, **kwargs)
    (op,) = api.load_graph(model).ops
    sample = EVERY_INT8.view(op.input.dtype.numpy)
    ((wanted,),) = reference.run(model, [[sample]])
    table = np.array(op.table)
    got = table[sample.astype(int) - (-128 if sample.dtype == np.int8 else 0)]
    np.testing.assert_array_equal(got, wanted)


@many
@given(extreme_scale, zero_point, extreme_scale, zero_point)
def test_relu(in_scale, in_zero, out_scale, out_zero):
    check("RELU", in_scale, in_zero, out_scale, out_zero)


@many
@given(extreme_scale, zero_point, zero_point)
def test_relu6(in_scale, in_zero, out_zero):
    check("RELU6", in_scale, in_zero, 0.1, out_zero)


@many
@given(extreme_scale, zero_point, extreme_scale, zero_point, st.floats(-3, 3, width=32))
def test_leaky_relu(in_scale, in_zero, out_scale, out_zero, alpha):
    check("LEAKY_RELU", in_scale, in_zero, out_scale, out_zero, alpha=alpha)


@many
@given(extreme_scale, zero_point)
def test_logistic(in_scale, in_zero):
    check("LOGISTIC", in_scale, in_zero, 1 / 256, -128)


@many
@given(extreme_scale, zero_point)
def test_tanh(in_scale, in_zero):
    check("TANH", in_scale, in_zero, 1 / 128, 0)


@many
@given(st.floats(2.0**-20, 2.0**20, width=32), zero_point, st.floats(1.0, 4096.0, width=32), zero_point)
def test_hard_swish(in_scale, in_zero, ratio, out_zero):
    check("HARD_SWISH", in_scale, in_zero, in_scale * ratio / 127.0, out_zero)


@many
@given(ordinary_scale, zero_point, ordinary_scale, zero_point)
def test_elu(in_scale, in_zero, out_scale, out_zero):
    check("ELU", in_scale, in_zero, out_scale, out_zero)


@many
@given(extreme_scale, zero_point, extreme_scale, zero_point, st.booleans())
def test_abs(in_scale, in_zero, out_scale, out_zero, same):
    check("ABS", in_scale, in_zero, in_scale if same else out_scale, out_zero)


@many
@given(ordinary_scale, ordinary_scale, zero_point)
def test_rsqrt(in_scale, out_scale, out_zero):
    """With the smallest zero point no input is below zero, where TFLM's Invoke fails."""
    check("RSQRT", in_scale, -128, out_scale, out_zero)


@many
@given(
    extreme_scale,
    zero_point,
    extreme_scale,
    zero_point,
    st.sampled_from([("INT8", "INT8"), ("INT8", "UINT8"), ("UINT8", "INT8")]),
)
def test_requantize(in_scale, in_zero, out_scale, out_zero, dtypes):
    if dtypes[0] == "UINT8":
        in_zero += 128
    if dtypes[1] == "UINT8":
        out_zero += 128
    check("QUANTIZE", in_scale, in_zero, out_scale, out_zero, dtypes=dtypes)


@pytest.mark.parametrize("opcode", ["LOGISTIC", "LEAKY_RELU", "RELU6"])
def test_all_inputs_in_c(opcode):
    assert_exact(unary_model(opcode, 0.05, 3, 1 / 256, -128), [[EVERY_INT8]])


@pytest.mark.parametrize("dtypes", [("INT8", "UINT8"), ("UINT8", "INT8")])
def test_lookup_between_types_in_c(dtypes):
    zeros = (-28, 100) if dtypes[0] == "INT8" else (100, -28)
    sample = EVERY_INT8.view(dtypes[0].lower())
    assert_exact(unary_model("QUANTIZE", 0.1, zeros[0], 0.13, zeros[1], dtypes=dtypes), [[sample]])


@pytest.mark.parametrize("dtypes", [("INT8", "UINT8"), ("UINT8", "INT8")])
def test_relabelling_needs_no_table(dtypes):
    zeros = (-28, 100) if dtypes[0] == "INT8" else (100, -28)
    model = unary_model("QUANTIZE", 0.1, zeros[0], 0.1, zeros[1], shape=(3,), dtypes=dtypes)
    host = assert_exact(model)
    assert [layer.kernel.name for layer in host.arena.schedule.layers] == ["te_flip_sign_8"]


@pytest.mark.parametrize("shape", [(1,), (7,), (1, 1, 1, 1), (2, 3, 5), (2, 1, 3, 1, 2)])
@pytest.mark.parametrize("opcode", ["LOGISTIC", "RELU6", "TANH"])
def test_shapes(opcode, shape):
    model = unary_model(opcode, 0.05, 3, 1 / 256, -128, shape=shape)
    host = assert_exact(model)
    assert host.arena.arena_bytes <= (int(np.prod(shape)) + 7) // 8 * 8, "computed in place"


def test_relu6_needs_no_table():
    (op,) = api.load_graph(unary_model("RELU6", 0.1, -10, 0.1, -10)).ops
    assert isinstance(op, Lookup) and op.clamp == (-10, 50)
    host = assert_exact(unary_model("RELU6", 0.1, -10, 0.1, -10), [[EVERY_INT8]])
    assert [layer.kernel.name for layer in host.arena.schedule.layers] == ["te_clamp_8"]


def float_edges(scale, zero, low, high):
    """Values at, just below and just above every rounding boundary, and far outside."""
    halves = (np.arange(low - zero - 2, high - zero + 3, dtype=np.float32) + np.float32(0.5)) * np.float32(scale)
    values = np.concatenate(
        [
            halves,
            np.nextafter(halves, np.float32(np.inf)),
            np.nextafter(halves, np.float32(-np.inf)),
            np.float32([0.0, -0.0, 1e5 * scale, -1e5 * scale]),
        ]
    )
    return values.astype(np.float32)


def quantize_model(size, scale, zero, dtype="INT8"):
    b = ModelBuilder()
    x = b.input((size,), "FLOAT32")
    y = b.tensor((size,), dtype, scale=scale, zero_point=zero)
    b.op("QUANTIZE", [x], [y])
    b.output(y)
    return b.finish()


@few
@given(extreme_scale, zero_point)
def test_quantize(scale, zero):
    values = float_edges(scale, zero, -128, 127)
    assert_exact(quantize_model(values.size, scale, zero), [[values]])


def test_quantize_to_int16():
    values = np.concatenate(
        [float_edges(0.01, 0, -40, 40), np.float32([327.66, 327.67, 327.68, -327.68, -327.69, 400, -400])]
    )
    assert_exact(quantize_model(values.size, 0.01, 0, "INT16"), [[values]])


def test_quantize_saturates_where_tflm_overflows():
    """Beyond 2^31 the conversion in TFLM has no defined result."""
    values = np.float32([np.inf, -np.inf, np.nan, 3e38, -3e38, 1e12])
    (got,) = HostModel(quantize_model(6, 0.5, 7)).run([values])
    assert got.tolist() == [127, -128, 7, 127, -128, 127]


@few
@given(
    st.one_of(extreme_scale, st.floats(2.0**-100, 2.0**100, width=32)), zero_point, st.sampled_from(["INT8", "UINT8"])
)
def test_dequantize(scale, zero, dtype):
    b = ModelBuilder()
    x = b.input((256,), dtype, scale=scale, zero_point=zero + (128 if dtype == "UINT8" else 0))
    y = b.tensor((256,), "FLOAT32")
    b.op("DEQUANTIZE", [x], [y])
    b.output(y)
    assert_exact(b.finish(), [[EVERY_INT8.reshape(256).view(dtype.lower())]])


def test_dequantize_int16():
    b = ModelBuilder()
    x = b.input((8,), "INT16", scale=0.3, zero_point=0)
    y = b.tensor((8,), "FLOAT32")
    b.op("DEQUANTIZE", [x], [y])
    b.output(y)
    assert_exact(b.finish())


REFUSED = [
    (dict(opcode="LOGISTIC", out_zero=0), "zero point -128"),
    (dict(opcode="LOGISTIC", in_scale=1e-9, out_zero=-128), "between 2\\^-28"),
    (dict(opcode="RELU", in_scale=1e10, out_scale=1e-10), "2\\^30"),
    (dict(opcode="HARD_SWISH", in_scale=200.0, out_scale=1.0), "128 times"),
    (dict(opcode="HARD_SWISH", dtypes=("INT16", "INT16"), in_zero=0, out_zero=0), "are int8"),
    (dict(opcode="TANH", dtypes=("FLOAT32", "INT8")), "are int8"),
    (dict(opcode="QUANTIZE", dtypes=("UINT8", "UINT8"), in_zero=0, out_zero=0), "float32 to int8"),
    (dict(opcode="QUANTIZE", dtypes=("FLOAT32", "UINT8"), out_zero=0), "float32 to int8"),
    (dict(opcode="DEQUANTIZE", dtypes=("INT32", "FLOAT32")), "int8, uint8 or int16"),
    (dict(opcode="EXP"), "are float32"),
]


@pytest.mark.parametrize("change, rule", REFUSED)
def test_refused(change, rule):
    arguments = {"in_scale": 0.1, "in_zero": 3, "out_scale": 0.1, "out_zero": 5} | change
    with pytest.raises(UnsupportedError, match=rule):
        api.load_graph(unary_model(**arguments))


# Operators whose multipliers older TFLM sources took in float32.
DOUBLE_RATIOS: dict[str, dict[str, float]] = {
    "RELU": {},
    "ABS": {},
    "LEAKY_RELU": {"alpha": 0.3},
    "HARD_SWISH": {},
}


@pytest.mark.parametrize("opcode", DOUBLE_RATIOS)
def test_multipliers_are_taken_in_double(opcode):
    """Rational scales put products near rounding boundaries."""
    rng = np.random.default_rng(2)
    for _ in range(150):
        in_scale = float(np.float32(rng.integers(1, 400) / 2.0 ** rng.integers(8, 12)))
        out_scale = float(np.float32(in_scale * 2 * rng.integers(150, 300) / (2 * rng.integers(1, 150) + 1)))
        check(
            opcode,
            in_scale,
            int(rng.integers(-128, 128)),
            out_scale,
            int(rng.integers(-128, 128)),
            **DOUBLE_RATIOS[opcode],
        )
