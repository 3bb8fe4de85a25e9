"""ADD, SUB and MUL for cores with DSP and with Helium, on emulated cores against TFLM."""

from __future__ import annotations

import pytest

from tests.kernels.batch import Batch, kernels
from tests.schedule.graphs import NetworkBuilder
from tinyengine_tf import api

DSP, MVE = ("cortex-m4", "te_binary_s8_dsp"), ("cortex-m55", "te_binary_s8_mve")
CORES = pytest.mark.parametrize("core,kernel", [DSP, MVE])


@CORES
@pytest.mark.parametrize("function", ["ADD", "SUB", "MUL"])
def test_binary(function: str, core: str, kernel: str) -> None:
    """Either operand has the larger scale, or neither; every count modulo 4; clamps, broadcasts, constants."""
    batch = Batch(seed=1)
    for i, (sa, sb) in enumerate(((0.1, 0.1), (0.1, 0.03), (0.021, 0.5), (0.2, 0.0001), (0.013, 0.012))):
        out = sa * sb * 90 if function == "MUL" else max(sa, sb) * 1.7
        scales, narrow = (sa, sb, out), (sa, sb, out * 0.6)
        batch.binary(function, (1, 3, 5, 4 + i), (1, 3, 5, 4 + i), scales, (-5, 7, 3))
        batch.binary(function, (1, 2, 41), (1, 2, 41), scales, (127, -128, -128), "RELU")
        batch.binary(function, (1, 2, 6), (1, 2, 6), scales, (0, 3, 127), "RELU6")
        batch.binary(function, (1, 3, 2, 5 + i), (5 + i,), scales, (-128, 20, -10))
        batch.binary(function, (1, 3, 2, 8), (1, 3, 2, 8), narrow, (-128, 127, 0), "RELU")
        batch.binary(function, (7 + i,), (1, 2, 3, 7 + i), scales, (-128, 0, -10), constant=i % 3)
        batch.binary(function, (1, 3, 2, 8), (1, 3, 2, 8), narrow, (-128, 127, 0), "RELU", constant=1)
    result = batch.verify(core)
    # Of 35; the nine with a constant operand are the portable kernel's on cores with DSP.
    assert kernels(result).count(kernel) >= (26 if core == "cortex-m4" else 31), kernels(result)


@CORES
@pytest.mark.parametrize("channels", [16, 17])
def test_residual_in_place(channels: int, core: str, kernel: str) -> None:
    """The output may lie on an operand: x + conv(x) + conv(conv(x)), with an arena too small for all."""
    m = Batch(seed=2)
    b = m.builder
    shape = (1, 6, 6, channels)
    x = b.input(shape, scale=0.02, zero_point=-3)
    for _ in range(3):
        weights = m.rng.integers(-127, 128, (channels, 1, 1, channels)).astype("int8")
        w = b.const(weights, scales=[0.01] * channels, axis=0)
        y = b.tensor(shape, scale=0.03, zero_point=2)
        b.op("CONV_2D", [x, w], [y], padding="SAME", stride_h=1, stride_w=1)
        z = b.tensor(shape, scale=0.0412, zero_point=1)
        b.op("ADD", [x, y], [z])
        x = z
    b.output(x)
    for optimize in ("speed", "ram"):
        result = api.verify(b.finish(), target=core, count=2, optimize=optimize, layers=True)
        assert result.exact, str(result.difference)
        assert kernels(result).count(kernel) == 3


@pytest.mark.parametrize("width", [2, 3, 5])
def test_rows_of_fewer_elements_than_a_round(width: int) -> None:
    network = NetworkBuilder(3, (30, width, 2))
    network.conv(1, (3, 1))
    before = network.at
    network.conv(1, (3, 1))
    network.add(before)
    network.conv(9, (3, 1))
    network.conv(1, (3, 1), stride=2)
    core, kernel = DSP
    result = api.verify(network.finish(), target=core, count=2, optimize="ram", feed="rows")
    assert result.exact, str(result.difference)
    fused = [layer.kernel.name for step in result.arena.schedule.steps if step.fused for layer in step.layers]
    assert kernel in fused
