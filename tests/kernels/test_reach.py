"""A kernel that takes a layer can write its code: no geometry leads to a number that its instructions cannot hold."""

from __future__ import annotations

import random

import pytest

from tests.kernels.batch import LINEAR, RELU, Batch
from tinyengine_tf import api, passes
from tinyengine_tf.ir import Graph
from tinyengine_tf.kernels.base import Because
from tinyengine_tf.kernels.select import candidates
from tinyengine_tf.target import load_target

SIZES = (1, 3, 4, 8, 17, 31, 64, 127, 128, 129, 255, 256, 257, 511, 513, 1023, 1025, 2047, 2049, 4095, 4097)
"""On both sides of what offsets, steps and immediates reach."""
TRIED = {
    "cortex-m0plus": {"te_pointwise_s8_thumb1", "te_conv2d_s8_thumb1"},
    "cortex-m4": {
        "te_pointwise_s8_dsp",
        "te_conv2d_s8_dsp",
        "te_depthwise_conv2d_s8_3x3_dsp",
        "te_depthwise_conv2d_s8_dsp",
    },
    "cortex-m55": {
        "te_pointwise_s8_mve",
        "te_conv2d_s8_mve",
        "te_conv2d_s8_row_mve",
        "te_depthwise_conv2d_s8_mve",
    },
}
"""Kernels in assembly that must be among those written."""
MOST_WEIGHTS, MOST_INPUTS = 30_000, 500_000


def layers_of_extreme_geometry(seed: int, count: int) -> Graph:
    rng, batch = random.Random(seed), Batch(seed=seed)
    made = 0
    while made < count:
        depthwise = rng.random() < 0.5
        kernel = rng.choice(((1, 1), (1, 3), (2, 1), (3, 3), (3, 3), (5, 5), (7, 11), (1, 19)))
        channels, width = rng.choice(SIZES), kernel[1] + rng.choice((0, 1, 2, 30, 300, 1000))
        filters = channels if depthwise else rng.choice(SIZES)
        weights = kernel[0] * kernel[1] * channels * (1 if depthwise else filters)
        if weights > MOST_WEIGHTS or (kernel[0] + 1) * width * channels > MOST_INPUTS:
            continue
        stride = rng.choice((1, 1, 2, 3))
        batch.conv(
            (kernel[0] + 1, width, channels),
            filters,
            kernel,
            depthwise=depthwise,
            stride=(stride, stride),
            padding=rng.choice(("SAME", "VALID")),
            act=rng.choice((LINEAR, RELU)),
            spread=rng.choice((1.0, 8.0)),
        )
        made += 1
    return passes.run(api.load_graph(batch.builder.finish()), io="model")


@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m4", "cortex-m55"])
def test_every_kernel_that_takes_a_layer_can_write_it(core: str) -> None:
    processor, written = load_target(core).processor, set()
    for op in layers_of_extreme_geometry(seed=5, count=60).ops:
        for kernel in candidates(type(op)):
            if kernel.refusal(op, processor) is None:
                lowered = kernel.lower(op, processor)
                if not isinstance(lowered, Because):
                    lowered.code.params(lowered.layout.flat)
                    written.add(kernel.name)
    assert TRIED[core] <= written, TRIED[core] - written
