"""Winograd convolutions: the identity in integers, and the kernel on emulated cores against TFLM."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import tinyengine_tf
from tests.kernels.batch import LINEAR, RELU, Batch, extremes, kernels
from tests.modelgen import ModelBuilder
from tinyengine_tf import api
from tinyengine_tf.kernels.arithmetic.fast_requantize import Requantization, solve
from tinyengine_tf.kernels.base import KERNELS
from tinyengine_tf.kernels.dense.winograd import TWICE_G, run_groups, transformed
from tinyengine_tf.kernels.select import candidates
from tinyengine_tf.lab.build import compile_network
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.target import load_target

WINOGRAD = "te_conv2d_s8_winograd_dsp"
B_TRANSPOSED = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]])
A_TRANSPOSED = np.array([[1, 1, 1, 0], [0, 1, -1, -1]])


@pytest.fixture
def wherever_possible(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The kernel is taken for every layer that it can compute, as if it took no more flash."""
    with monkeypatch.context() as m:
        m.setitem(KERNELS, WINOGRAD, replace(KERNELS[WINOGRAD], spends_flash=False))
        candidates.cache_clear()
        yield
    candidates.cache_clear()


def test_identity() -> None:
    """4 y = A' (U * V) A, with U and V within 16 bits, for noise and for all extremes of sign."""
    rng = np.random.default_rng(0)
    signs = np.where(TWICE_G[2] < 0, 127, -128)
    for g, d in [
        *((rng.integers(-128, 128, (3, 3)), rng.integers(-128, 128, (4, 4))) for _ in range(50)),
        (np.full((3, 3), -128), np.full((4, 4), -128)),
        (np.outer(signs, signs) // 128, np.where(np.add.outer(range(4), range(4)) % 2, 127, -128)),
    ]:
        u, v = TWICE_G @ g @ TWICE_G.T, B_TRANSPOSED @ d @ B_TRANSPOSED.T
        y = np.array([[(g * d[i : i + 3, j : j + 3]).sum() for j in range(2)] for i in range(2)])
        assert (A_TRANSPOSED @ (u * v) @ A_TRANSPOSED.T == 4 * y).all()
        assert np.abs(u).max() <= 9 * 128 and np.abs(v).max() <= 4 * 128


def test_runs_divide_the_channels() -> None:
    assert [run_groups(n) for n in (4, 64, 68, 80, 128, 192)] == [1, 16, 1, 10, 16, 16]


@pytest.mark.parametrize("act", [LINEAR, RELU, ("RELU6", -128), ("RELU", 3), ("RELU_N1_TO_1", 0)])
@pytest.mark.parametrize("spread", [1.0, 8.0])
def test_every_form_of_requantisation(act: tuple[str, int], spread: float, wherever_possible: None) -> None:
    batch = Batch(seed=int(spread) + len(act[0]))
    batch.conv((5, 6, 16), 6, (3, 3), act=act, spread=spread)
    batch.conv((4, 4, 4), 4, (3, 3), act=act, spread=spread, factor=0.3)
    assert kernels(batch.verify()) == [WINOGRAD] * 2


def test_any_geometry(wherever_possible: None) -> None:
    """Odd and even sides, single rows, columns and tiles, a border and none, channels in one run and in several."""
    batch = Batch(seed=3)
    for height, width in ((1, 1), (1, 4), (2, 3), (3, 2), (4, 1), (5, 5), (6, 8), (7, 9), (8, 6), (3, 7)):
        for padding in ("SAME", "VALID") if min(height, width) >= 3 else ("SAME",):
            batch.conv((height, width, 8), 4, (3, 3), padding=padding, input_zero=height - 12 * width)
    for channels, filters in ((4, 2), (12, 10), (64, 6), (80, 2), (96, 4), (160, 2), (260, 2)):
        weights = batch.rng.integers(-20, 21, (filters, 3, 3, channels)).astype(np.int8)
        batch.conv((4, 5, channels), filters, (3, 3), act=RELU, weights=weights)
    batch.conv((4, 5, 8), 4, (3, 3), batch=2)
    assert set(kernels(batch.verify())) == {WINOGRAD}


def test_no_warnings(tmp_path: Path, wherever_possible: None) -> None:
    """One block or more, of one tile or two, odd widths and even ones, a border and none, several runs of channels."""
    batch = Batch()
    for width in (1, 2, 4, 5, 6, 7):
        batch.conv((4, width, 8), 4, (3, 3))
        if width > 2:
            batch.conv((4, width, 8), 2, (3, 3), padding="VALID")
    batch.conv((4, 4, 80), 2, (3, 3))
    tinyengine_tf.convert(batch.builder.finish(), tmp_path / "c", target="cortex-m4")
    compile_network(tmp_path / "c", load_target("cortex-m4"), tmp_path / "build", warnings=True)


@pytest.mark.parametrize("zero", [-128, 0, 127])
def test_extreme_weights_inputs_and_zero_points(zero: int, wherever_possible: None) -> None:
    batch = Batch(seed=4)
    for low, high in ((-128, -128), (127, 127), (-128, 127), (-1, 1)):
        batch.conv(
            (5, 5, 8), 4, (3, 3), input_zero=zero, weights=batch.rng.choice([low, high], (4, 3, 3, 8)).astype(np.int8)
        )
    weights = batch.rng.integers(-127, 128, (6, 3, 3, 16)).astype(np.int8)
    weights[::2] = 0
    batch.conv((4, 4, 16), 6, (3, 3), weights=weights, input_zero=zero)
    assert set(kernels(batch.verify(inputs=extremes(batch)))) == {WINOGRAD}


def test_what_the_kernel_leaves_to_others(wherever_possible: None) -> None:
    batch = Batch(seed=5)
    batch.conv((5, 5, 8), 3, (3, 3))
    batch.conv((5, 5, 6), 4, (3, 3))
    batch.conv((5, 5, 8), 4, (3, 3), stride=(2, 2))
    batch.conv((7, 7, 8), 4, (3, 3), dilation=(2, 2))
    batch.conv((5, 5, 8), 4, (5, 5))
    batch.conv((3, 3, 8), 4, (3, 3), factor=1e-3)
    few = (batch.rng.random((2, 3, 3, 4096)) < 0.1).astype(np.int8)
    batch.conv((1, 2, 4096), 2, (3, 3), weights=few)
    assert WINOGRAD not in kernels(batch.verify())


def chain(height: int, width: int) -> bytes:
    """Three convolutions one after the other, the middle tensors the largest: their rows are worth keeping in rings."""
    rng, b = np.random.default_rng(6), ModelBuilder()
    x, depth = b.input((1, height, width, 8), scale=0.02, zero_point=3), 8
    for filters in (24, 24, 8):
        weights = rng.integers(-127, 128, (filters, 3, 3, depth)).astype(np.int8)
        w = b.const(weights, scales=[0.01] * filters, axis=0)
        bias = b.const(rng.integers(-500, 500, filters).astype(np.int32), scale=0.0002)
        y, depth = b.tensor((1, height, width, filters), scale=0.25, zero_point=-4), filters
        b.op("CONV_2D", [x, w, bias], [y], fused_activation_function="NONE", padding="SAME", stride_h=1, stride_w=1)
        x = y
    b.output(x)
    return b.finish()


@pytest.mark.parametrize("size", [(12, 6), (15, 5)])
@pytest.mark.parametrize("options", [{"optimize": "ram"}, {"optimize": "ram", "feed": "rows"}])
def test_rows_in_rings(size: tuple[int, int], options: dict[str, str], wherever_possible: None) -> None:
    result = api.verify(chain(*size), count=2, **options)
    assert result.exact, str(result.difference)
    assert kernels(result) == [WINOGRAD] * 3
    assert any(step.fused for step in result.arena.schedule.steps)


@pytest.mark.parametrize("ram_budget_bytes", [None, 20_000])
def test_residual_network(shared_dir: Path, ram_budget_bytes: int | None) -> None:
    """Trained weights, layer by layer and in row pipelines; the flash budget is for two of the layers that qualify."""
    model = shared_dir / "models" / "mlperf_ic.tflite"
    result = api.verify(model, ram_budget_bytes=ram_budget_bytes, flash_budget_bytes=100_000, count=2)
    assert result.exact, str(result.difference)
    assert kernels(result).count(WINOGRAD) == 2


@pytest.mark.parametrize("target", ["cortex-m7", "cortex-m33"])
def test_other_cores(target: str, wherever_possible: None) -> None:
    batch = Batch(seed=7)
    batch.conv((5, 6, 16), 6, (3, 3), act=RELU)
    assert kernels(batch.verify(target)) == [WINOGRAD]


def test_transformed_weights_of_constant_channels_are_zero() -> None:
    batch = Batch(seed=8)
    weights = np.zeros((2, 3, 3, 4), np.int8)
    weights[1] = 5
    batch.conv((4, 4, 4), 2, (3, 3), weights=weights)
    (op,) = api.load_graph(batch.builder.finish()).ops
    assert isinstance(op, Conv2D)
    rq = solve(op)
    assert isinstance(rq, Requantization)
    u = transformed(op, rq)
    assert not u[0].any() and u[1, 5].tolist() == [45] * 4
