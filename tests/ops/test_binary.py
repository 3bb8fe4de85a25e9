"""ADD, SUB, MUL, MAXIMUM, MINIMUM, PRELU, SQUARED_DIFFERENCE: broadcasting, constants, clamps, extreme scales."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import HostModel, assert_exact
from tests.modelgen.builder import ModelBuilder
from tinyengine_tf import api
from tinyengine_tf.errors import UnsupportedError
from tinyengine_tf.kernels.elementwise.broadcast import operand_distance
from tinyengine_tf.lab import reference
from tinyengine_tf.ops.broadcast import Loop, broadcast_loops, broadcast_shape, read_depth
from tinyengine_tf.schedule import Goal

WITHOUT_ACTIVATION = ["PRELU", "SQUARED_DIFFERENCE"]
QUANTISED = ["ADD", "SUB", "MUL", *WITHOUT_ACTIVATION]
ALL = [*QUANTISED, "MAXIMUM", "MINIMUM"]
ACTIVATIONS = ["NONE", "RELU", "RELU6", "RELU_N1_TO_1"]
scale = st.one_of(st.floats(2.0**-10, 1.0, width=32), st.sampled_from([0.5, 0.25, 1 / 256, 2.0**-9]))
extreme_scale = st.floats(2.0**-24, 2.0**24, width=32)
zero_point = st.one_of(st.integers(-128, 127), st.sampled_from([-128, 0, 127]))


def binary_model(
    function,
    a_shape,
    b_shape,
    *,
    scales=(0.05, 0.07, 0.1),
    zeros=(3, -5, 7),
    constant="",
    dtype="INT8",
    same=False,
    out_shape=None,
    seed=0,
    **options,
):
    rng = np.random.default_rng(seed)
    quantised = dtype == "INT8"

    def operand(name, shape, i):
        q = dict(scale=scales[i], zero_point=zeros[i]) if quantised else {}
        if name in constant:
            low, high = {"INT8": (-128, 128), "FLOAT32": (-9, 10)}.get(dtype, (-(2**31), 2**31))
            return b.const(rng.integers(low, high, shape).astype(dtype.lower()), **q)
        return b.input(shape, dtype, **q)

    b = ModelBuilder(function.lower())
    first = operand("a", a_shape, 0)
    second = first if same else operand("b", b_shape, 1)
    shape = broadcast_shape(tuple(a_shape), tuple(b_shape)) if out_shape is None else out_shape
    y = b.tensor(shape, dtype, **(dict(scale=scales[2], zero_point=zeros[2]) if quantised else {}))
    b.op(function, [first, second], [y], **options)
    b.output(y)
    return b.finish()


EVERY_PAIR = [
    [np.repeat(np.arange(-128, 128), 256).astype(np.int8), np.tile(np.arange(-128, 128), 256).astype(np.int8)]
]


def check_every_pair(function, scales, zeros, **options):
    """All 65536 pairs of values: the model of the kernel in Python equals TFLM."""
    model = binary_model(function, (65536,), (65536,), scales=scales, zeros=zeros, **options)
    (op,) = api.load_graph(model).ops
    ((wanted,),) = reference.run(model, EVERY_PAIR)
    np.testing.assert_array_equal(op.compute(tuple(EVERY_PAIR[0]))[0], wanted)
    return model


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(QUANTISED),
    st.tuples(scale, scale, scale),
    st.tuples(zero_point, zero_point, zero_point),
    st.sampled_from(ACTIVATIONS),
)
def test_every_pair(function, scales, zeros, activation):
    options = {} if function in WITHOUT_ACTIVATION else {"fused_activation_function": activation}
    check_every_pair(function, scales, zeros, **options)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(QUANTISED),
    st.tuples(extreme_scale, extreme_scale, extreme_scale),
    st.tuples(zero_point, zero_point, zero_point),
)
def test_extreme_scales_are_exact_or_refused(function, scales, zeros):
    try:
        check_every_pair(function, scales, zeros)
    except UnsupportedError as error:
        assert "overflow" in str(error)


@settings(max_examples=8, deadline=None)
@given(st.sampled_from(QUANTISED), st.tuples(scale, scale, scale), st.tuples(zero_point, zero_point, zero_point))
def test_every_pair_in_c(function, scales, zeros):
    model = binary_model(function, (65536,), (65536,), scales=scales, zeros=zeros)
    (got,) = HostModel(model).run(EVERY_PAIR[0])
    (op,) = api.load_graph(model).ops
    np.testing.assert_array_equal(got, op.compute(tuple(EVERY_PAIR[0]))[0])


@pytest.mark.parametrize("function", ["ADD", "SUB"])
@pytest.mark.parametrize("scales", [(0.5, 0.25, 0.5), (0.125, 0.5, 1.0), (0.5, 0.5, 0.75)])
def test_power_of_two_ratios_in_c(function, scales):
    """Multipliers of exactly one half are shifts in C, those of a quarter and an eighth are not."""
    assert_exact(binary_model(function, (65536,), (65536,), scales=scales), EVERY_PAIR)


BROADCASTS = [
    ((1, 5, 3, 4), (1, 5, 3, 4)),
    ((1, 5, 3, 4), (4,)),
    ((4,), (1, 5, 3, 4)),
    ((1, 5, 3, 4), (1, 1, 1, 4)),
    ((1, 5, 3, 4), (1,)),
    ((1, 5, 3, 4), ()),
    ((), ()),
    ((1, 1, 1, 1), (1, 5, 3, 4)),
    ((1, 5, 3, 4), (1, 5, 3, 1)),
    ((1, 5, 1, 4), (1, 5, 3, 4)),
    ((1, 5, 3, 4), (1, 5, 1, 1)),
    ((1, 5, 3, 4), (3, 4)),
    ((1, 5, 1, 4), (1, 1, 3, 1)),
    ((1, 5, 1, 1), (1, 1, 3, 4)),
    ((2, 3, 5, 4), (2, 1, 1, 4)),
    ((1, 1), (1, 1)),
    ((7,), (7,)),
    ((1, 3, 1, 2, 1), (2, 1, 5, 1, 3)),
    ((2, 3, 1, 3, 1, 2), (1, 1, 2, 3, 2, 1)),
    ((1, 1, 1, 6), (1, 1, 1, 6)),
]


@pytest.mark.parametrize("constant", ["", "a", "b"])
@pytest.mark.parametrize("shapes", BROADCASTS, ids=str)
def test_broadcast(shapes, constant):
    """All operators take turns over all shapes."""
    for i, function in enumerate(ALL):
        if (BROADCASTS.index(shapes) + i + len(constant)) % 3 == 0:
            assert_exact(binary_model(function, *shapes, constant=constant), count=1)


@pytest.mark.parametrize("function", ALL)
def test_both_inputs_the_same(function):
    assert_exact(binary_model(function, (1, 3, 5, 2), (1, 3, 5, 2), same=True))


@pytest.mark.parametrize("function", ["ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM"])
@pytest.mark.parametrize("shapes", [((1, 3, 3, 2), (1, 3, 3, 2)), ((1, 3, 3, 2), (2,)), ((3,), ())], ids=str)
def test_int32(function, shapes):
    model = binary_model(function, *shapes, dtype="INT32", seed=1)
    big = [[np.random.default_rng(5).integers(-(2**31), 2**31, s).astype(np.int32) for s in shapes]]
    assert_exact(model)
    assert_exact(model, big)


@pytest.mark.parametrize(
    "function, activation",
    [*itertools.product(["ADD", "SUB", "MUL", "DIV"], ACTIVATIONS), ("MAXIMUM", None), ("MINIMUM", None)],
)
@pytest.mark.parametrize("constant", ["", "a", "b"])
def test_float32(function, activation, constant):
    """Also what overflows, divides by zero or is not a number."""
    options = {} if activation is None else {"fused_activation_function": activation}
    model = binary_model(function, (2, 3, 9), (2, 1, 9), dtype="FLOAT32", constant=constant, **options)
    odd = [0.0, -0.0, 1e-45, 3e38, -3e38, np.inf, -np.inf, 6.5, -1.5]
    rng = np.random.default_rng(4)
    shapes = [s for s, name in [((2, 3, 9), "a"), ((2, 1, 9), "b")] if name not in constant]
    with np.errstate(all="ignore"):
        assert_exact(model, [[rng.choice(odd, s).astype(np.float32) for s in shapes] for _ in range(3)])
        assert_exact(model, count=2)


@pytest.mark.parametrize("function, activation", list(itertools.product(["ADD", "SUB", "MUL"], ACTIVATIONS)))
def test_int32_activation(function, activation):
    assert_exact(
        binary_model(function, (2, 6), (6,), dtype="INT32", constant="b", fused_activation_function=activation)
    )


@pytest.mark.parametrize(
    "shapes, bytes_needed",
    [
        (((1, 8, 8, 4), (1, 8, 8, 4)), 512),
        (((1, 8, 8, 4), (4,)), 264),
        (((1, 8, 8, 4), (1, 8, 8, 1)), 328),
        (((1, 8, 8, 4), (1, 8, 1, 4)), 288),
        (((1, 8, 1, 4), (1, 8, 8, 4)), 288),
        (((1, 8, 1, 4), (1, 1, 8, 1)), 272),
    ],
    ids=str,
)
def test_output_lies_on_an_operand(shapes, bytes_needed):
    host = assert_exact(binary_model("ADD", *shapes))
    assert host.arena.arena_bytes <= bytes_needed


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["both", "a", "b"])), min_size=1, max_size=5),
    st.sampled_from(["a", "b"]),
)
def test_tightest_overlap_is_harmless(dims, on):
    """The output as near to an operand as the kernel says it may be, without a planner that might keep away."""
    a = tuple(1 if who == "b" else n for n, who in dims)
    b = tuple(1 if who == "a" else n for n, who in dims)
    (op,) = api.load_graph(binary_model("MAXIMUM", a, b)).ops
    k = "ab".index(on)
    rng = np.random.default_rng(0)
    operands = [rng.integers(-128, 128, s).astype(np.int8) for s in (a, b)]
    wanted = op.compute(tuple(operands))[0].reshape(-1)
    start = max(operand_distance(op, k), 0)
    memory = np.zeros(start + operands[k].size + wanted.size, np.int64)
    memory[start : start + operands[k].size] = operands[k].reshape(-1)
    value = None
    for t, steps in enumerate(itertools.product(*(range(loop.count) for loop in op.loops))):
        at = [sum(s * loop.strides[i] for s, loop in zip(steps, op.loops, strict=True)) for i in (0, 1)]
        if not any(steps[read_depth(op.loops, k) + 1 :]):
            value = memory[start + at[k]]
        memory[t] = max(value, operands[1 - k].reshape(-1)[at[1 - k]])
    np.testing.assert_array_equal(memory[: wanted.size], wanted)


def test_loops_are_joined():
    assert broadcast_loops((1, 8, 8, 4), (1, 8, 8, 4)) == (Loop(256, (1, 1)),)
    assert broadcast_loops((1, 8, 8, 4), (4,)) == (Loop(64, (4, 0)), Loop(4, (1, 1)))
    assert broadcast_loops((1, 8, 8, 4), (1, 8, 8, 1)) == (Loop(64, (4, 1)), Loop(4, (1, 0)))
    assert broadcast_loops((), (1, 1)) == (Loop(1, (1, 1)),)
    assert broadcast_loops((6,), ()) == (Loop(6, (1, 0)),)
    assert len(broadcast_loops((2, 8, 8, 4), (2, 1, 1, 4))) == 3


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["both", "a", "b"])), max_size=6))
def test_loops_walk_like_numpy(dims):
    a = tuple(1 if who == "b" else n for n, who in dims)
    b = tuple(1 if who == "a" else n for n, who in dims)
    loops = broadcast_loops(a, b)
    for k, shape in enumerate((a, b)):
        indices = np.zeros((), int)
        for loop in loops:
            indices = indices[..., None] + np.arange(loop.count) * loop.strides[k]
        wanted = np.broadcast_to(np.arange(int(np.prod(shape, initial=1))).reshape(shape), broadcast_shape(a, b))
        np.testing.assert_array_equal(indices.reshape(-1), wanted.reshape(-1))


REFUSED = [
    (dict(function="ADD", a_shape=(2,), b_shape=(2,), scales=(1e6, 1.0, 0.5)), "overflow"),
    (dict(function="MUL", a_shape=(2,), b_shape=(2,), scales=(1e3, 1e3, 0.5)), "overflow"),
    (dict(function="SQUARED_DIFFERENCE", a_shape=(2,), b_shape=(2,), scales=(9.0, 1.0, 0.01)), "overflow"),
    (dict(function="SQUARED_DIFFERENCE", a_shape=(2,), b_shape=(2,), dtype="INT32"), "not int32"),
    (dict(function="ADD", a_shape=(2,), b_shape=(2,), dtype="UINT8"), "all int8, all int16, all int32 or all float32"),
    (dict(function="PRELU", a_shape=(2,), b_shape=(2,), dtype="INT32"), "not int32"),
    (dict(function="ADD", a_shape=(2,), b_shape=(3,), out_shape=(3,)), "broadcast to the output"),
    (dict(function="MAXIMUM", a_shape=(2,), b_shape=(2,), out_shape=(2, 2)), "broadcast to the output"),
    (dict(function="ADD", a_shape=(2,), b_shape=(2,), fused_activation_function="TANH"), "fused activation"),
]


@pytest.mark.parametrize("arguments, rule", REFUSED)
def test_refused(arguments, rule):
    with pytest.raises(UnsupportedError, match=rule):
        api.load_graph(binary_model(**arguments))


SECOND_OPERANDS = list(
    itertools.product([(), (1, 1, 1, 16), (1, 6, 5, 1), (1, 1, 5, 16), (1, 6, 1, 16), (1, 6, 5, 16)], ["", "b"])
)
FUSED = [(ALL[(i + i // 6 + k) % len(ALL)], *case) for i, case in enumerate(SECOND_OPERANDS) for k in (0, 3)]


@pytest.mark.parametrize("function, shape, constant", FUSED, ids=str)
def test_between_convolutions_row_by_row(function, shape, constant):
    """Expand, combine, project: fused to save memory unless the second operand, input or constant, has to be whole."""
    rng = np.random.default_rng(3)
    b = ModelBuilder()
    quantised = dict(scale=0.05, zero_point=-3)
    x = b.input((1, 6, 5, 4), **quantised)
    other = (
        b.const(rng.integers(-128, 128, shape).astype(np.int8), **quantised)
        if constant
        else b.input(shape, **quantised)
    )

    def convolved(t, before, after):
        w = b.const(rng.integers(-127, 128, (after, 3, 3, before)).astype(np.int8), scale=0.004, zero_point=0)
        y = b.tensor((1, 6, 5, after), **quantised)
        b.op("CONV_2D", [t, w], [y], padding="SAME", stride_w=1, stride_h=1)
        return y

    y = b.tensor((1, 6, 5, 16), **quantised)
    b.op(function, [convolved(x, 4, 16), other], [y])
    b.output(convolved(y, 16, 4))
    assert_exact(b.finish(), count=1)
    host = assert_exact(b.finish(), goal=Goal("ram"), count=1)
    if shape in ((), (1, 1, 1, 16), (1, 1, 5, 16)):
        assert len(host.arena.schedule.steps) == 1
