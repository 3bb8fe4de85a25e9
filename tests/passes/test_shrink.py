"""Channels that are constant or unread disappear, and not one output bit changes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import HostModel, assert_exact
from tests.modelgen import ModelBuilder
from tinyengine_tf.ops.conv2d import Conv2D, WeightedOp


class Net:
    """A chain of quantised layers with chosen dead channels, built one after the other."""

    def __init__(self, shape: tuple[int, int, int, int], seed: int):
        self.b, self.rng = ModelBuilder(), np.random.default_rng(seed)
        self.shape, self.x = shape, self.b.input(shape, scale=0.05, zero_point=-128)

    def _output(self, channels: int, size: tuple[int, int]) -> int:
        self.shape = (self.shape[0], *size, channels)
        return self.b.tensor(self.shape, scale=0.05, zero_point=-128)

    def conv(
        self,
        channels: int,
        kernel: int,
        dead: list[int],
        activation: str = "RELU6",
        bias: int | None = None,
        unread: list[int] | None = None,
    ) -> None:
        w = self.rng.integers(-127, 128, (channels, kernel, kernel, self.shape[3])).astype(np.int8)
        w[dead] = 0
        w[..., unread or []] = 0
        values = self.rng.integers(-4000, 4000, channels).astype(np.int32)
        if bias is not None:
            values[dead] = bias
        y = self._output(channels, self.shape[1:3])
        self._op("CONV_2D", w, values, 0, y, activation)

    def depthwise(self, kernel: int, activation: str = "RELU6", dead: tuple[int, ...] = ()) -> None:
        w = self.rng.integers(-127, 128, (1, kernel, kernel, self.shape[3])).astype(np.int8)
        w[..., list(dead)] = 0
        values = self.rng.integers(-4000, 4000, self.shape[3]).astype(np.int32)
        y = self._output(self.shape[3], self.shape[1:3])
        self._op("DEPTHWISE_CONV_2D", w, values, 3, y, activation, depth_multiplier=1)

    def _op(
        self, opcode: str, w: np.ndarray, bias: np.ndarray, axis: int, y: int, activation: str, **options: int
    ) -> None:
        n = w.shape[axis]
        inputs = [self.x, self.b.const(w, scales=list(np.linspace(0.002, 0.01, n)), axis=axis), self.b.const(bias)]
        self.b.op(
            opcode,
            inputs,
            [y],
            padding="SAME",
            stride_w=1,
            stride_h=1,
            dilation_w_factor=1,
            dilation_h_factor=1,
            fused_activation_function=activation,
            **options,
        )
        self.x = y

    def add(self, other: int) -> None:
        y = self._output(self.shape[3], self.shape[1:3])
        self.b.op("ADD", [self.x, other], [y], fused_activation_function="NONE")
        self.x = y

    def finish(self) -> bytes:
        self.b.output(self.x)
        return self.b.finish()


def channels(host: HostModel) -> list[int]:
    return [layer.op.output.shape[-1] for layer in host.arena.schedule.layers if isinstance(layer.op, WeightedOp)]


def test_constant_channels_go_through_depthwise() -> None:
    net = Net((1, 6, 5, 3), 1)
    net.conv(8, 3, dead=[1, 4, 5], bias=-3000)  # ReLU6: the constant is the zero point
    net.depthwise(3)
    net.conv(6, 1, dead=[])
    assert channels(assert_exact(net.finish(), count=4)) == [5, 5, 6]


def test_a_constant_beside_padding_stays() -> None:
    """Where the constant is not the zero point, padded windows see other values than inner ones."""
    net = Net((1, 6, 5, 3), 2)
    net.conv(8, 3, dead=[1, 4], bias=90_000)
    net.depthwise(3)
    net.conv(6, 1, dead=[])
    assert channels(assert_exact(net.finish(), count=4)) == [8, 8, 6]


def test_a_constant_without_padding_moves_into_the_bias() -> None:
    net = Net((1, 6, 5, 3), 3)
    net.conv(8, 1, dead=[0, 7], bias=90_000)
    net.conv(6, 1, dead=[])
    host = assert_exact(net.finish(), count=4)
    assert channels(host) == [6, 6]


def test_unread_channels_go() -> None:
    net = Net((1, 6, 5, 3), 4)
    net.conv(8, 3, dead=[])
    net.depthwise(3)
    net.conv(5, 3, dead=[], unread=[2, 3, 6])
    assert channels(assert_exact(net.finish(), count=4)) == [5, 5, 5]


def test_residuals_shrink_together_or_not_at_all() -> None:
    net = Net((1, 4, 4, 3), 5)
    net.conv(6, 1, dead=[2, 3], bias=-3000)
    trunk = net.x
    net.conv(6, 1, dead=[3, 4], bias=-3000)
    net.add(trunk)
    net.conv(4, 1, dead=[])
    assert channels(assert_exact(net.finish(), count=4)) == [5, 5, 4]  # only 3 is constant on both sides


def test_everything_dead_leaves_one_channel() -> None:
    net = Net((1, 4, 4, 3), 6)
    net.conv(4, 3, dead=[0, 1, 2, 3], bias=-3000)
    net.conv(4, 1, dead=[])
    host = assert_exact(net.finish(), count=4)
    assert channels(host)[0] == 1


def test_graph_outputs_keep_their_channels() -> None:
    net = Net((1, 4, 4, 3), 7)
    net.conv(4, 3, dead=[0, 1], bias=-3000)
    assert channels(assert_exact(net.finish(), count=4)) == [4]


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_random_networks(data: st.DataObject) -> None:
    net = Net(
        (1, data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6)), data.draw(st.integers(1, 4))),
        data.draw(st.integers(0, 99)),
    )
    trunk, depth = None, data.draw(st.integers(2, 5))
    for _ in range(depth):
        n = data.draw(st.integers(1, 9))
        some = st.lists(st.integers(0, n - 1), max_size=n, unique=True)
        activation = data.draw(st.sampled_from(["NONE", "RELU", "RELU6"]))
        unread = data.draw(st.lists(st.integers(0, net.shape[3] - 1), max_size=2, unique=True))
        net.conv(
            n,
            data.draw(st.sampled_from([1, 3])),
            data.draw(some),
            activation,
            data.draw(st.sampled_from([None, -3000, 0, 20_000])),
            unread,
        )
        if data.draw(st.booleans()):
            net.depthwise(3, activation, tuple(data.draw(some)))
        if trunk is not None and trunk[1] == net.shape and data.draw(st.booleans()):
            net.add(trunk[0])
        trunk = (net.x, net.shape)
    assert_exact(net.finish(), count=2)


def test_shrunk_layers_compare_with_the_file() -> None:
    """Tensors remember which channels are left, so that layer-by-layer comparison still works."""
    net = Net((1, 6, 5, 3), 1)
    net.conv(8, 3, dead=[1, 4, 5], bias=-3000)
    net.conv(6, 1, dead=[])
    first = assert_exact(net.finish()).arena.schedule.layers[0].op
    assert isinstance(first, Conv2D) and first.output.channels == (0, 2, 3, 6, 7)
