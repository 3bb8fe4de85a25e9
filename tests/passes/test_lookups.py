"""Tables merge, become clamps, vanish; boundaries drop: and not one output bit changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import assert_exact
from tests.modelgen.builder import ModelBuilder
from tinyengine_tf import api, passes
from tinyengine_tf.ir import DType
from tinyengine_tf.ops.binary import Binary
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.lookup import Lookup
from tinyengine_tf.passes.fuse_activation import clamp_after

SHAPE = (1, 4, 5, 3)
Q = dict(scale=0.05, zero_point=-20)
RANGES = st.tuples(st.integers(-128, 127), st.integers(-128, 127)).map(lambda r: (min(r), max(r)))


class Net:
    """A chain of int8 layers of one shape."""

    def __init__(self, **q):
        self.b = ModelBuilder()
        self.x = self.b.input(SHAPE, **(q or Q))

    def conv(self, activation="NONE", **q):
        w = self.b.const(
            np.random.default_rng(1).integers(-127, 128, (3, 1, 1, 3)).astype(np.int8), scale=0.01, zero_point=0
        )
        return self.op("CONV_2D", [w], q, padding="SAME", stride_w=1, stride_h=1, fused_activation_function=activation)

    def op(self, opcode, others=(), q=None, *, keep=False, **options):
        y = self.b.tensor(SHAPE, **(q or Q))
        self.b.op(opcode, [self.x, *others], [y], **options)
        if keep:
            self.b.output(y)
        self.x = y
        return self

    def scalar(self, value, **q):
        return self.b.const(np.array(value, np.int8), **(q or Q))

    def finish(self):
        self.b.output(self.x)
        return self.b.finish()


def kinds(model, io="model"):
    return [type(op).__name__ for op in passes.run(api.load_graph(model), io=io).ops]


def test_relu_becomes_the_clamp_of_the_convolution_before_it():
    model = Net().conv().op("RELU6").finish()
    (op,) = passes.run(api.load_graph(model)).ops
    assert isinstance(op, Conv2D) and op.clamp == (-20, 100) and op.source == (0, 1)
    assert_exact(model)


@pytest.mark.parametrize(
    "model, expected",
    [
        (Net().conv("RELU").op("RELU6").finish, ["Conv2D"]),
        (Net().conv().op("RELU", q=dict(scale=0.05, zero_point=-21)).finish, ["Conv2D", "Lookup"]),
        (Net().conv().op("LOGISTIC", q=dict(scale=1 / 256, zero_point=-128)).finish, ["Conv2D", "Lookup"]),
        (Net().op("RELU6", keep=True).op("RELU6").finish, ["Lookup", "Lookup"]),
    ],
    ids=["relu, relu6", "another zero point", "no clamp", "the first is an output"],
)
def test_what_is_fused(model, expected):
    data = model()
    assert kinds(data) == expected
    assert_exact(data)


def test_activation_of_a_tensor_with_two_readers_stays():
    net = Net().conv()
    before = net.x
    limited = net.op("RELU6").x
    net.x = before
    model = net.conv().op("ADD", [limited]).finish()
    assert kinds(model) == ["Conv2D", "Lookup", "Conv2D", "Binary"]
    assert_exact(model)


@given(RANGES, RANGES)
def test_two_clamps_are_one(first, second):
    values = np.arange(-128, 128)
    np.testing.assert_array_equal(
        np.clip(np.clip(values, *first), *second), np.clip(values, *clamp_after(first, second))
    )


def test_tables_in_a_row_are_one():
    sigmoid = dict(scale=1 / 256, zero_point=-128)
    model = (
        Net()
        .op("LEAKY_RELU", alpha=0.3)
        .op("LOGISTIC", q=sigmoid)
        .op("QUANTIZE", q=dict(scale=0.004, zero_point=3))
        .finish()
    )
    (op,) = passes.run(api.load_graph(model)).ops
    assert isinstance(op, Lookup) and op.function == "LEAKY_RELU+LOGISTIC+QUANTIZE" and op.source == (0, 1, 2)
    assert_exact(model)


def test_identity_vanishes_and_its_other_scale_stays():
    """QUANTIZE to almost the same scale maps every value to itself, but the next layer computes with the new one."""
    near = dict(scale=0.05 * (1 + 1e-4), zero_point=-20)
    model = Net().conv().op("QUANTIZE", q=near).conv().finish()
    assert kinds(model) == ["Conv2D", "Reshape", "Conv2D"]
    assert_exact(model)
    assert kinds(Net().conv().op("QUANTIZE").conv().finish()) == ["Conv2D", "Conv2D"]


def hard_swish_of_parts():
    """x * relu6(x + 3) / 6 as MobileNetV3 exports it."""
    net = Net()
    x = net.x
    net.op("ADD", [net.scalar(40)], fused_activation_function="RELU6")
    net.op("MUL", [net.scalar(127, scale=1 / 762, zero_point=0)], dict(scale=1 / 256, zero_point=-128))
    return net.op("MUL", [x], dict(scale=0.04, zero_point=-100)).finish()


@pytest.mark.parametrize(
    "model",
    [
        lambda: (lambda n: n.op("ADD", [n.scalar(5)], fused_activation_function="RELU"))(Net()).finish(),
        lambda: (lambda n: n.op("MUL", [n.x]))(Net()).finish(),
        lambda: (lambda n: n.op("PRELU", [n.b.const(np.full((1, 1, 3), -7, np.int8), **Q)]))(Net()).finish(),
        hard_swish_of_parts,
    ],
    ids=["constant", "square", "uniform slope", "hard swish of parts"],
)
def test_one_variable_makes_one_table(model):
    assert kinds(model()) == ["Lookup"]
    assert_exact(
        model(),
        [
            [np.resize(np.arange(-128, 128), SHAPE).astype(np.int8)],
            [np.resize(np.arange(128)[::-1], SHAPE).astype(np.int8)],
            [np.resize(np.arange(-128, 0), SHAPE).astype(np.int8)],
        ],
    )


def test_maximum_and_minimum_with_constants_become_a_clamp_of_the_convolution():
    net = Net().conv()
    net.op("MAXIMUM", [net.scalar(-50)])
    net.op("MINIMUM", [net.scalar(60)])
    model = net.finish()
    (op,) = passes.run(api.load_graph(model)).ops
    assert isinstance(op, Conv2D) and op.clamp == (-50, 60)
    assert_exact(model)


def test_two_variables_stay_arithmetic():
    net = Net()
    other = net.b.input(SHAPE, **Q)
    model = net.op("ADD", [other]).op("MUL", [other]).finish()
    assert kinds(model) == ["Binary", "Binary"]


def test_constant_of_several_values_stays_arithmetic():
    net = Net()
    model = net.op("ADD", [net.b.const(np.int8([1, 2, 3]), **Q)]).finish()
    (op,) = passes.run(api.load_graph(model)).ops
    assert isinstance(op, Binary)


def test_broadcast_of_the_variable_stays():
    b = ModelBuilder()
    x = b.input((1, 1), **Q)
    y = b.tensor((1, 3), **Q)
    b.op("ADD", [x, b.const(np.full((1, 3), 4, np.int8), **Q)], [y])
    b.output(y)
    assert kinds(b.finish()) == ["Binary"]
    assert_exact(b.finish())


STEPS = ["RELU", "RELU6", "LEAKY_RELU", "ABS", "QUANTIZE", "ADD", "SQUARE", "MUL FIRST", "MAXIMUM", "CONV"]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(STEPS), st.sampled_from([0.05, 0.1, 0.0499]), st.sampled_from([-128, -20, 7]), st.booleans()
        ),
        min_size=1,
        max_size=6,
    )
)
def test_random_chains(steps):
    net = Net()
    first = net.x
    for step, scale, zero, keep in steps:
        q = dict(scale=scale, zero_point=zero)
        if step == "CONV":
            net.conv(**q)
        elif step in ("ADD", "MAXIMUM"):
            net.op(step, [net.scalar(17)], q, keep=keep)
        elif step == "SQUARE":
            net.op("MUL", [net.x], q, keep=keep)
        elif step == "MUL FIRST":
            net.op("MUL", [first], q, keep=keep)
        else:
            net.op(step, q=q, keep=keep, **({"alpha": 0.2} if step == "LEAKY_RELU" else {}))
    assert_exact(net.finish(), count=2)


def boundary_model(outer="FLOAT32", *, out_scale=0.05, readers=1, second_zero=-20):
    b = ModelBuilder()
    outside = {} if outer == "FLOAT32" else dict(scale=0.05, zero_point=108)
    x = b.input(SHAPE, outer, **outside)
    q = [b.tensor(SHAPE, **(Q if i == 0 else dict(scale=0.05, zero_point=second_zero))) for i in range(readers)]
    for t in q:
        b.op("QUANTIZE", [x], [t])
    y = b.tensor(SHAPE, scale=out_scale, zero_point=-20)
    b.op("ADD", [q[0], q[-1]], [y])
    z = b.tensor(SHAPE, outer, **outside)
    b.op("DEQUANTIZE" if outer == "FLOAT32" else "QUANTIZE", [y], [z])
    b.output(z)
    return b.finish()


def port_types(model, io):
    graph = passes.run(api.load_graph(model), io=io)
    return [t.dtype for t in (*graph.inputs, *graph.outputs)]


@pytest.mark.parametrize("outer", ["FLOAT32", "UINT8"])
@pytest.mark.parametrize("readers", [1, 2])
def test_int8_boundary(outer, readers):
    model = boundary_model(outer, readers=readers)
    assert port_types(model, "model") == [DType[outer]] * 2
    assert port_types(model, "int8") == [DType.INT8] * 2
    assert kinds(model, "int8") in (["Binary"], ["Lookup"])
    assert_exact(model)
    assert api.verify(model, target="host", io="int8").exact


def test_boundary_that_is_no_relabelling_stays():
    model = boundary_model("UINT8", out_scale=0.06)
    assert port_types(model, "int8") == [DType.INT8, DType.UINT8]
    assert api.verify(model, target="host", io="int8").exact


def test_input_quantised_in_two_ways_stays_float():
    model = boundary_model(readers=2, second_zero=5)
    assert port_types(model, "int8") == [DType.FLOAT32, DType.INT8]
    assert api.verify(model, target="host", io="int8").exact


def test_int8_models_are_not_changed_by_io():
    model = Net().conv().finish()
    assert kinds(model, "int8") == kinds(model, "model")
