"""ADD, SUB and MUL for cores with DSP on an emulated core against TFLM."""

from __future__ import annotations

import pytest

from tests.kernels.batch import Batch, kernels
from tests.schedule.graphs import NetworkBuilder
from tinyengine_tf import api

KERNEL = "te_binary_s8_dsp"


def add(
    batch: Batch,
    function: str,
    a: tuple[int, ...],
    b: tuple[int, ...],
    scales: tuple[float, float, float],
    zeros: tuple[int, int, int],
    act: str = "NONE",
) -> None:
    m = batch.builder
    x, y = (m.input(shape, scale=s, zero_point=z) for shape, s, z in zip((a, b), scales[:2], zeros[:2], strict=True))
    out = m.tensor(max(a, b, key=len if len(a) != len(b) else lambda s: s), scale=scales[2], zero_point=zeros[2])
    m.op(function, [x, y], [out], fused_activation_function=act)
    m.output(out)


@pytest.mark.parametrize("function", ["ADD", "SUB", "MUL"])
def test_binary(function: str) -> None:
    """Either operand the larger scale, equal and distant ones; every element count modulo 4; clamps; broadcast."""
    batch = Batch(seed=1)
    product = function == "MUL"
    for i, (sa, sb) in enumerate(((0.1, 0.1), (0.1, 0.03), (0.021, 0.5), (0.2, 0.0001), (0.013, 0.012))):
        out = sa * sb * 90 if product else max(sa, sb) * 1.7
        add(batch, function, (1, 3, 5, 4 + i), (1, 3, 5, 4 + i), (sa, sb, out), (-5, 7, 3))
        add(batch, function, (1, 2, 41), (1, 2, 41), (sa, sb, out), (127, -128, -128), "RELU")
        add(batch, function, (1, 2, 6), (1, 2, 6), (sa, sb, out), (0, 3, 127), "RELU6")
        add(batch, function, (1, 3, 2, 5 + i), (5 + i,), (sa, sb, out), (-128, 20, -10))
        add(batch, function, (1, 3, 2, 8), (1, 3, 2, 8), (sa, sb, out * 0.6), (-128, 127, 0), "RELU")
    result = batch.verify()
    assert kernels(result).count(KERNEL) >= 23, kernels(result)


def test_residual_in_place() -> None:
    """The output may lie on an operand: x + conv(x) + conv(conv(x)), with an arena too small for all."""
    m = Batch(seed=2)
    b = m.builder
    shape = (1, 6, 6, 16)
    x = b.input(shape, scale=0.02, zero_point=-3)
    for _ in range(3):
        w = b.const(m.rng.integers(-127, 128, (16, 1, 1, 16)).astype("int8"), scales=[0.01] * 16, axis=0)
        y = b.tensor(shape, scale=0.03, zero_point=2)
        b.op("CONV_2D", [x, w], [y], padding="SAME", stride_h=1, stride_w=1)
        z = b.tensor(shape, scale=0.04, zero_point=1)
        b.op("ADD", [x, y], [z])
        x = z
    b.output(x)
    for optimize in ("latency", "ram"):
        result = api.verify(b.finish(), target="cortex-m4", count=2, optimize=optimize, layers=True)
        assert result.exact, str(result.difference)
        assert kernels(result).count(KERNEL) == 3


@pytest.mark.parametrize("width", [2, 3, 5])
def test_rows_of_fewer_elements_than_a_round(width: int) -> None:
    network = NetworkBuilder(3, (30, width, 2))
    network.conv(1, (3, 1))
    before = network.at
    network.conv(1, (3, 1))
    network.add(before)
    network.conv(9, (3, 1))
    network.conv(1, (3, 1), stride=2)
    result = api.verify(network.finish(), target="cortex-m4", count=2, optimize="ram", feed="rows")
    assert result.exact, str(result.difference)
    fused = [layer.kernel.name for step in result.arena.schedule.steps if step.fused for layer in step.layers]
    assert KERNEL in fused
