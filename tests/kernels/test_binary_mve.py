"""The Helium kernel for ADD, SUB and MUL on the emulated core against TFLM."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.batch import Batch, kernels
from tinyengine_tf import api

CORE = "cortex-m55"
KERNEL = "te_binary_s8_mve"
Shape = tuple[int, ...]


def operator(
    batch: Batch,
    function: str,
    a: Shape,
    b: Shape,
    scales: tuple[float, float, float],
    zeros: tuple[int, int, int],
    act: str = "NONE",
    constant: int | None = None,
) -> None:
    """One operator; operand `constant` (0 or 1) is a constant."""
    m = batch.builder
    operands = []
    for i, shape in enumerate((a, b)):
        quant = {"scale": scales[i], "zero_point": zeros[i]}
        operands.append(
            m.const(batch.rng.integers(-128, 128, shape).astype(np.int8), **quant)
            if i == constant
            else m.input(shape, **quant)
        )
    out = m.tensor(a if len(a) >= len(b) else b, scale=scales[2], zero_point=zeros[2])
    m.op(function, operands, [out], fused_activation_function=act)
    m.output(out)


@pytest.mark.parametrize("function", ["ADD", "SUB", "MUL"])
def test_binary(function: str) -> None:
    """Either operand has the larger scale, or neither; every count modulo 4; clamps, broadcasts, constants."""
    batch = Batch(seed=1)
    for i, (sa, sb) in enumerate(((0.1, 0.1), (0.1, 0.03), (0.021, 0.5), (0.2, 0.0001), (0.013, 0.012))):
        out = sa * sb * 90 if function == "MUL" else max(sa, sb) * 1.7
        scales = (sa, sb, out)
        operator(batch, function, (1, 3, 5, 4 + i), (1, 3, 5, 4 + i), scales, (-5, 7, 3))
        operator(batch, function, (1, 2, 41), (1, 2, 41), scales, (127, -128, -128), "RELU")
        operator(batch, function, (1, 2, 6), (1, 2, 6), scales, (0, 3, 127), "RELU6")
        operator(batch, function, (1, 3, 2, 5 + i), (5 + i,), scales, (-128, 20, -10))
        operator(batch, function, (7 + i,), (1, 2, 3, 7 + i), scales, (-128, 0, -10), constant=i % 3)
        operator(batch, function, (1, 3, 2, 8), (1, 3, 2, 8), (sa, sb, out * 0.6), (-128, 127, 0), "RELU", constant=1)
    result = batch.verify(CORE)
    assert kernels(result).count(KERNEL) >= 26, kernels(result)


def test_residual_in_place() -> None:
    """The output may lie on an operand: x + conv(x) + conv(conv(x)), with an arena too small for all."""
    m = Batch(seed=2)
    b = m.builder
    shape = (1, 6, 6, 17)
    x = b.input(shape, scale=0.02, zero_point=-3)
    for _ in range(3):
        w = b.const(m.rng.integers(-127, 128, (17, 1, 1, 17)).astype("int8"), scales=[0.01] * 17, axis=0)
        y = b.tensor(shape, scale=0.03, zero_point=2)
        b.op("CONV_2D", [x, w], [y], padding="SAME", stride_h=1, stride_w=1)
        z = b.tensor(shape, scale=0.0412, zero_point=1)
        b.op("ADD", [x, y], [z])
        x = z
    b.output(x)
    for optimize in ("latency", "ram"):
        result = api.verify(b.finish(), target=CORE, count=2, optimize=optimize, layers=True)
        assert result.exact, str(result.difference)
        assert kernels(result).count(KERNEL) == 3
