"""Spatial operators inside row pipelines: chains that draw any of them, fused for least memory, against TFLM."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import assert_exact
from tests.modelgen import ModelBuilder
from tests.ops.cases import int32, out_size
from tinyengine_tf.schedule import Goal

QUANTISED = {"scale": 0.05, "zero_point": -7}


class Chain:
    """A model that grows by one operator after the other; `x` is the last tensor, `shape` its shape."""

    def __init__(self, draw: st.DrawFn):
        self.draw = draw
        self.b = ModelBuilder()
        self.shape = (1, draw(st.integers(2, 10)), draw(st.integers(1, 6)), draw(st.integers(1, 5)))
        self.x = self.b.input(self.shape, **QUANTISED)
        self.rng = np.random.default_rng(draw(st.integers(0, 9)))

    def add(
        self,
        opcode: str,
        shape: tuple[int, ...],
        before: Sequence[int] = (),
        after: Sequence[int] = (),
        **options: object,
    ) -> None:
        y = self.b.tensor(shape, **QUANTISED)
        self.b.op(opcode, [*before, self.x, *after], [y], **options)
        self.x, self.shape = y, shape

    def weights(self, *shape: int, axis: int = 0) -> int:
        return self.b.const(self.rng.integers(-127, 128, shape).astype(np.int8), scale=0.004, axis=axis)

    def window(self) -> tuple[tuple[int, int], tuple[int, int], str]:
        padding = self.draw(st.sampled_from(("SAME", "VALID")))
        kernel = tuple(self.draw(st.integers(1, 3 if padding == "SAME" else min(3, d))) for d in self.shape[1:3])
        return kernel, tuple(self.draw(st.integers(1, 2)) for _ in "hw"), padding

    def conv(self) -> None:
        kernel, stride, padding = self.window()
        size = [out_size(d, k, s, 1, padding) for d, k, s in zip(self.shape[1:3], kernel, stride, strict=True)]
        c = self.draw(st.integers(1, 5))
        w = self.weights(c, *kernel, self.shape[3])
        self.add("CONV_2D", (1, *size, c), after=[w], padding=padding, stride_h=stride[0], stride_w=stride[1])

    def pool(self) -> None:
        kernel, stride, padding = self.window()
        size = [out_size(d, k, s, 1, padding) for d, k, s in zip(self.shape[1:3], kernel, stride, strict=True)]
        opcode = self.draw(st.sampled_from(("MAX_POOL_2D", "AVERAGE_POOL_2D")))
        self.add(
            opcode,
            (1, *size, self.shape[3]),
            padding=padding,
            stride_h=stride[0],
            stride_w=stride[1],
            filter_height=kernel[0],
            filter_width=kernel[1],
        )

    def pad(self) -> None:
        edges = np.array([[0, 0], *([self.draw(st.integers(0, 2)) for _ in "ab"] for _ in "hwc")], np.int32)
        self.add(
            "PAD", tuple(d + int(e.sum()) for d, e in zip(self.shape, edges, strict=True)), after=[self.b.const(edges)]
        )

    def resize(self) -> None:
        size = tuple(self.draw(st.integers(1, 2 * d + 1)) for d in self.shape[1:3])
        opcode = self.draw(st.sampled_from(("RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR")))
        flags = {self.draw(st.sampled_from(("align_corners", "half_pixel_centers"))): self.draw(st.booleans())}
        self.add(opcode, (1, *size, self.shape[3]), after=[self.b.const(int32(*size))], version=3, **flags)

    def transpose_conv(self) -> None:
        stride = tuple(self.draw(st.integers(1, 2)) for _ in "hw")
        size, c = tuple(d * s for d, s in zip(self.shape[1:3], stride, strict=True)), self.draw(st.integers(1, 4))
        w = self.weights(c, self.draw(st.integers(1, 3)), self.draw(st.integers(1, 3)), self.shape[3])
        shape = (1, *size, c)
        self.add(
            "TRANSPOSE_CONV",
            shape,
            before=[self.b.const(int32(*shape)), w],
            padding="SAME",
            stride_h=stride[0],
            stride_w=stride[1],
        )

    def some_channels(self) -> None:
        begin = self.draw(st.integers(0, self.shape[3] - 1))
        shape = (*self.shape[:3], self.draw(st.integers(1, self.shape[3] - begin)))
        self.add("SLICE", shape, after=[self.b.const(int32(0, 0, 0, begin)), self.b.const(int32(*shape))])

    def twice(self) -> None:
        self.add("CONCATENATION", (*self.shape[:3], 2 * self.shape[3]), before=[self.x], axis=3)

    def branch(self) -> None:
        """Two convolutions of one tensor, side by side."""
        x, y = self.x, self.b.tensor((*self.shape[:3], 2), **QUANTISED)
        w = self.weights(2, 3, 3, self.shape[3])
        self.b.op("CONV_2D", [x, w], [y], padding="SAME", stride_h=1, stride_w=1)
        self.add("CONCATENATION", (*self.shape[:3], 2 + self.shape[3]), before=[y], axis=3)

    def mean(self) -> None:
        self.add("MEAN", (1, 1, 1, self.shape[3]), after=[self.b.const(int32(1, 2))], keep_dims=True)


STEPS = ("conv", "pool", "pad", "resize", "transpose_conv", "some_channels", "twice", "branch", "conv")


@st.composite
def chains(draw: st.DrawFn) -> bytes:
    chain = Chain(draw)
    for _ in range(draw(st.integers(1, 6))):
        if chain.shape[1] * chain.shape[2] < 900:
            getattr(chain, draw(st.sampled_from(STEPS)))()
    if draw(st.booleans()):
        chain.mean()
    chain.b.output(chain.x)
    return chain.b.finish()


@settings(max_examples=60, deadline=None)
@given(chains())
def test_chains_fused_and_not(model: bytes) -> None:
    assert_exact(model, goal=Goal(optimize="ram"), count=1)
    assert_exact(model, goal=Goal(optimize="latency"), count=1)
