"""Every kernel that may overlap, at every legal offset, gives what it gives when its tensors lie apart."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.graphs import layers, movement  # noqa: F401  both register draws
from tests.graphs.registry import DRAWS
from tests.graphs.values import GraphBuilder, Value
from tests.kernels import offsets
from tests.kernels.offsets import RESULT_BYTES, Outcome, run_trials
from tinyengine_tf import api
from tinyengine_tf.errors import UnsupportedError
from tinyengine_tf.ir import Tensor
from tinyengine_tf.schedule import Layer
from tinyengine_tf.schedule.distance import Distance
from tinyengine_tf.schedule.overlap import layer_distances

INPUTS = (
    (1, 3, 4, 8),
    (1, 3, 3, 16),
    (2, 3, 2, 4),
    (3, 2, 3, 2),
    (4, 2, 2, 3),
    (1, 5, 3, 1),
    (2, 3, 4),
    (1, 4, 5),
    (2, 9),
    (1, 12),
)


MOST_ELEMENTS = 200


def in_several_ways(g: GraphBuilder, x: Value) -> None:
    """Operators along every axis and in both directions."""
    rank = len(x.shape)
    for axis in range(rank):
        for reverse in (False, True):
            g.emit(
                "CUMSUM", [x, g.model.const(np.array(axis, np.int32))], [x.shape], reverse=reverse, exclusive=reverse
            )
        g.emit("REVERSE_V2", [x, g.constant([axis])], [x.shape], x)
        g.emit("CONCATENATION", [x, x], [tuple(n * (1 + (i == axis)) for i, n in enumerate(x.shape))], x, axis=axis)
        reduced = tuple(1 if i == axis else n for i, n in enumerate(x.shape))
        for opcode in ("SUM", "REDUCE_MAX"):
            g.emit(opcode, [x, g.constant([axis])], [reduced], x, keep_dims=True)
    order = list(range(rank))[::-1]
    g.emit("TRANSPOSE", [x, g.constant(order)], [tuple(x.shape[i] for i in order)], x)
    g.emit("SOFTMAX", [x], [x.shape], quantisation=layers.FIXED["SOFTMAX"], beta=1.0)
    for opcode in ("LOG_SOFTMAX", "L2_NORMALIZATION", "QUANTIZE"):
        layers.unary(g, x, opcode)
    if rank == 4:
        weighted(g, x)
        over = (x.shape[0], 1, 1, x.shape[3])
        for opcode in ("MEAN", "SUM"):
            g.emit(opcode, [x, g.constant([1, 2])], [over], keep_dims=True)
        wanted = (2 * x.shape[1] - 1, x.shape[2])
        for opcode in ("RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR"):
            g.emit(opcode, [x, g.constant(wanted)], [(x.shape[0], *wanted, x.shape[3])], x)
        size: dict[str, Any] = {"filter_height": x.shape[1], "filter_width": x.shape[2], "stride_h": 1, "stride_w": 1}
        g.emit("AVERAGE_POOL_2D", [x], [over], x, padding="VALID", **size)


def weighted(g: GraphBuilder, x: Value) -> None:
    """Convolutions of the shapes that kernels are specialised for."""
    n, h, w, c = x.shape
    for kernel in ((1, 1), (3, 3)):
        options: dict[str, Any] = {"padding": "SAME", "stride_h": 1, "stride_w": 1}
        for opcode, shape, axis in (("CONV_2D", (c, *kernel, c), 0), ("DEPTHWISE_CONV_2D", (1, *kernel, c), 3)):
            weights, bias, quantisation = layers.filters(g, x, shape, axis, kernel[0] * kernel[1])
            more: dict[str, Any] = {"depth_multiplier": 1} if axis else {}
            g.emit(opcode, [x, weights, *bias], [x.shape], quantisation=quantisation, **options, **more)
    weights, bias, quantisation = layers.filters(g, x, (5, c), 0, c)
    flat = g.emit("RESHAPE", [x, g.constant((n * h * w, c))], [(n * h * w, c)], x, new_shape=[n * h * w, c])[0]
    g.emit("FULLY_CONNECTED", [flat, weights, *bias], [(n * h * w, 5)], quantisation=quantisation, version=4)


def many_operators(seed: int, draws: int) -> bytes:
    """A model that is accepted: the first such from that seed on, a thousand apart."""
    while True:
        model = drawn(seed, draws)
        try:
            api.load_graph(model)
        except UnsupportedError:  # an operator's scales are beyond what TFLM takes
            seed += 1000
        else:
            return model


def drawn(seed: int, draws: int) -> bytes:
    """A model of many small operators of all kinds, the first of which has an output with room for the results."""
    g = GraphBuilder(random.Random(seed))
    g.extreme = False
    results = layers.unary(g, g.input((1, RESULT_BYTES)), "RELU")
    g.model.output(results.index)
    g.values, g.unread = [], {}
    for shape in INPUTS:
        in_several_ways(g, g.input(shape))
    for _ in range(draws):
        g.rng.choice(DRAWS)(g)
        g.values = [v for v in g.values if v.elements <= MOST_ELEMENTS]
    g.model.output(*(i for i in g.unread if i not in g.model._inputs))
    return g.model.finish()


SAMPLE = [("host", 200, 1, "-O0"), ("cortex-m4", 100, 1, "-O1"), ("cortex-m55", 100, 1, "-O1")]
"""Target, operators drawn besides those in every direction, elements between differences, optimisation."""

CORES = ("host", "cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55", "riscv32")


def assert_as_apart(seed: int, target: str, draws: int, every: int, optimize: str, folder: Path) -> Outcome:
    outcome = run_trials(many_operators(seed, draws), target, folder, every=every, optimize=optimize)
    print(f"{target} {optimize}: {len(outcome.kernels)} kernels, {outcome.runs:,} runs at legal offsets")
    assert not outcome.failures, "\n".join(map(str, outcome.failures[:10]))
    return outcome


@pytest.mark.parametrize(("target", "draws", "every", "optimize"), SAMPLE)
def test_legal_offsets(target: str, draws: int, every: int, optimize: str, tmp_path: Path) -> None:
    outcome = assert_as_apart(1, target, draws, every, optimize, tmp_path)
    assert len(outcome.kernels) >= 25 and outcome.runs > 3_000


@pytest.mark.nightly
@pytest.mark.parametrize("optimize", ["-O0", "-O2"])
@pytest.mark.parametrize("target", CORES)
@pytest.mark.parametrize("seed", range(2, 5))
def test_many_legal_offsets(seed: int, target: str, optimize: str, tmp_path: Path) -> None:
    assert_as_apart(seed, target, 300, 1, optimize, tmp_path)


def shorter(real: Callable[[Layer], Mapping[Tensor, Distance]]) -> Callable[[Layer], Mapping[Tensor, Distance]]:
    return lambda layer: {t: replace(d, nbytes=d.nbytes - 1) for t, d in real(layer).items()}


def not_exact(real: Callable[[Layer], Mapping[Tensor, Distance]]) -> Callable[[Layer], Mapping[Tensor, Distance]]:
    return lambda layer: {t: Distance(d.nbytes) for t, d in real(layer).items()}


def one_image(real: Callable[[Layer], Mapping[Tensor, Distance]]) -> Callable[[Layer], Mapping[Tensor, Distance]]:
    """The last image's output may lie anywhere: true for one that is alone."""
    return lambda layer: {t: Distance(-t.nbytes) if layer.layout.gathers else d for t, d in real(layer).items()}


@pytest.mark.parametrize("mistake", [shorter, not_exact, one_image])
def test_planted_mistakes_are_found(mistake: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(offsets, "layer_distances", mistake(layer_distances))
    failures = run_trials(many_operators(1, 0), "host", tmp_path, every=2).failures
    kinds = {f.trial.layer.kernel.name for f in failures}
    assert {"te_cumsum", "te_sum_s8_global"} & kinds, "nothing was noticed"
