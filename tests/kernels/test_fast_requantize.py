"""The short requantisation against TFLM's formula, for every sum that can occur."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.batch import LINEAR, RELU, Batch
from tinyengine_tf import api, passes
from tinyengine_tf.kernels.arithmetic.fast_requantize import SCALE, Requantization, evaluate, products_range, solve
from tinyengine_tf.kernels.dense.weighted import by_filter, folded_bias
from tinyengine_tf.ops.conv2d import WeightedOp
from tinyengine_tf.ops.fixedpoint import requantize


def layers(seed: int, **options: object) -> list[WeightedOp]:
    batch = Batch(seed=seed)
    for channels, filters in ((2, 16), (9, 12), (40, 2)):
        batch.conv((2, 2, channels), filters, **options)  # type: ignore[arg-type]
    graph = passes.run(api.load_graph(batch.builder.finish()))
    return [op for op in graph.ops if isinstance(op, WeightedOp)]


def check_every_sum(op: WeightedOp) -> Requantization:
    found = solve(op)
    assert isinstance(found, Requantization), found
    bias = folded_bias(op)
    for c, (low, high) in enumerate(zip(*products_range(by_filter(op.weights, op.CHANNEL_AXIS)), strict=True)):
        products = np.arange(low, high + 1)
        wanted = np.clip(requantize(bias[c] + products, op.multipliers[c]) + op.output.zero_point, *op.clamp)
        scaled = found.biases[c] + SCALE * products * (not found.constant[c])
        assert np.abs(scaled).max() < 2**31
        got = evaluate(scaled, found.mantissas[c], found.tails[c], found.zero, found.signed, found.low, found.high)
        assert (got == wanted).all(), (c, products[got != wanted][:5])
    return found


@pytest.mark.parametrize("act", [LINEAR, RELU, ("RELU6", -128), ("RELU", 9), ("RELU_N1_TO_1", 0), ("NONE", 127)])
@pytest.mark.parametrize("spread", [1.0, 3.0, 50.0])
@pytest.mark.parametrize("factor", [0.3, 1.0, 30.0, 1e4])
def test_equal_for_every_sum(act: tuple[str, int], spread: float, factor: float) -> None:
    for op in layers(int(100 * spread + factor), act=act, spread=spread, factor=factor):
        check_every_sum(op)


def test_relu_layers_get_a_single_shift() -> None:
    """Channels whose multipliers differ by powers of 2 share one shift where the sign's correction does not matter."""
    assert all(check_every_sum(op).tail is not None for op in layers(1, act=RELU, spread=8.0))
    assert all(check_every_sum(op).tail is None for op in layers(1, act=LINEAR, spread=8.0))
