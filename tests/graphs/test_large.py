"""Tensors beyond 2^15 and 2^16 rows, columns, channels, elements: layers of the random graphs, and tables of places."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from tests.compilers.builds import Build, Network, target_or_skip
from tests.exact import assert_exact, random_samples
from tests.graphs import layers, movement, values
from tests.graphs.registry import DRAWS, Draw
from tests.graphs.values import GraphBuilder, Shape
from tests.modelgen import ModelBuilder
from tinyengine_tf import api
from tinyengine_tf.codegen.constants import Constants
from tinyengine_tf.errors import InternalError, ToolchainError, UnsupportedError
from tinyengine_tf.kernels.base import Table
from tinyengine_tf.lab import reference
from tinyengine_tf.schedule import Goal

BEYOND_15_BITS, BEYOND_16_BITS = 2**15 + 4, 2**16 + 4
SHAPES = {
    "rows": lambda n: (1, n, 1, 1),
    "columns": lambda n: (1, 1, n, 1),
    "channels": lambda n: (1, 1, 1, n),
    "elements": lambda n: (1, n),
    "pixels": lambda n: (1, 512, n // 512, 3),
}
CORES = ("cortex-m4", "cortex-m55")
FEWEST_OPERATORS = 8


def large_layers(shape: Shape, seed: int, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Every operator that can read a tensor of this shape and that no rule refuses, each once, reading the inputs."""
    for module in (values, layers, movement):
        monkeypatch.setattr(module, "MAX_ELEMENTS", 4 * int(np.prod(shape)))
    accepted = [make for make in dict.fromkeys(DRAWS) if is_accepted(joined([make], shape, seed))]
    g = joined(accepted, shape, seed)
    assert len(g.model._ops) >= FEWEST_OPERATORS
    return g.model.finish()


def joined(draws: list[Draw], shape: Shape, seed: int) -> GraphBuilder:
    """A graph of the operators that these draw; each draws the same wherever it is drawn."""
    g = GraphBuilder(random.Random(seed))
    g.extreme = False
    inputs = [g.input(shape), g.input(shape)]
    results: list[int] = []
    for make in draws:
        g.rng, g.values = random.Random(f"{seed} {make.__name__}"), list(inputs)
        make(g)
        results += [v.index for v in g.values if v not in inputs and v.index in g.unread]
    g.model.output(*results)
    return g


def is_accepted(g: GraphBuilder) -> bool:
    if not g.model._ops:
        return False
    try:
        api.load_graph(g.model.finish())
    except UnsupportedError:
        return False
    return True


def moving_layers(n: int) -> bytes:
    """Operators whose places lie in tables, to and from n rows or columns; both directions of size."""
    rng = np.random.default_rng(n)
    b = ModelBuilder()
    quant = {"scale": 0.1, "zero_point": 3}
    rows, columns, wide = (b.input(s, **quant) for s in ((1, n, 1, 2), (1, 1, n, 2), (1, n)))
    results = []

    def layer(opcode: str, inputs: list[int], shape: tuple[int, ...], **options: object) -> None:
        results.append(b.tensor(shape, **quant))
        b.op(opcode, inputs, [results[-1]], **options)

    def numbers(*of: object) -> int:
        return b.const(np.array(of, np.int32))

    for opcode in ("RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR"):
        for out in (n - 5, 3):
            layer(opcode, [rows, numbers(out, 1)], (1, out, 1, 2), half_pixel_centers=True)
            layer(opcode, [columns, numbers(1, out)], (1, 1, out, 2), half_pixel_centers=True)
    weights = b.const(rng.integers(-127, 128, (2, 3, 2, 2)).astype(np.int8), scale=0.01)
    for x, shape in ((rows, (1, n + 2, 2, 2)), (columns, (1, 3, n + 1, 2))):
        layer("TRANSPOSE_CONV", [numbers(*shape), weights, x], shape, padding="VALID", stride_h=1, stride_w=1)
    layer("GATHER", [wide, numbers(n - 1, 0, n - 2, 5)], (1, 4), axis=1)
    layer("GATHER_ND", [wide, numbers((0, n - 1), (0, 3))], (2,))
    index = b.input((3,), "INT32")
    layer("GATHER", [wide, index], (1, 3), axis=1)
    layer("MIRROR_PAD", [wide, numbers((0, 0), (7, n - 1))], (1, 2 * n + 6), mode="REFLECT")
    layer("PAD", [wide, numbers((0, 1), (7, 2))], (2, n + 9))
    layer("CUMSUM", [b.input((3, n), **quant), b.const(np.array(0, np.int32))], (3, n))
    for filters, depth in ((n, 3), (5, n)):
        x = b.input((1, depth), **quant)
        weights = b.const(rng.integers(-127, 128, (filters, depth)).astype(np.int8), scale=0.01)
        layer("FULLY_CONNECTED", [x, weights], (1, filters))
    left, right = b.input((1, 2, 3), **quant), b.const(rng.integers(-127, 128, (1, 3, n)).astype(np.int8), scale=0.02)
    layer("BATCH_MATMUL", [left, right], (1, 2, n))
    b.output(*results)
    return b.finish()


@pytest.mark.parametrize("shape", ["rows", "columns", "channels"])
def test_every_operator(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_exact(large_layers(SHAPES[shape](BEYOND_16_BITS), 0, monkeypatch), count=1)


@pytest.mark.nightly
@pytest.mark.parametrize("goal", ["latency", "ram"])
@pytest.mark.parametrize("n", [BEYOND_15_BITS, BEYOND_16_BITS])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_operator_in_many_ways(shape: str, n: int, goal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    models = [large_layers(SHAPES[shape](n), seed, monkeypatch) for seed in range(20)]
    compared = [model for model in models if tflm_runs(model)]
    assert len(compared) > 10
    for model in compared:
        assert_exact(model, None, Goal(goal), count=1)


@pytest.mark.parametrize("n", [BEYOND_15_BITS, pytest.param(BEYOND_16_BITS, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("goal", ["latency", pytest.param("ram", marks=pytest.mark.nightly)])
def test_places_from_tables(n: int, goal: str) -> None:
    model = moving_layers(n)
    assert_exact(model, [indices_inside(model)], Goal(goal))


def indices_inside(model: bytes) -> list[np.ndarray]:
    """Noise, but no negative index: TFLM refuses those."""
    (sample,) = random_samples(api.load_graph(model), 1, seed=1)[:1]
    return [abs(v) if v.dtype == np.int32 else v for v in sample]


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("shape", ["columns", pytest.param("channels", marks=pytest.mark.nightly)])
def test_every_operator_on_a_core(shape: str, core: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_core(large_layers(SHAPES[shape](BEYOND_16_BITS), 0, monkeypatch), core, tmp_path)


@pytest.mark.nightly
@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_operator_in_many_ways_on_a_core(
    shape: str, core: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(5):
        model = large_layers(SHAPES[shape](BEYOND_16_BITS), seed, monkeypatch)
        if tflm_runs(model):
            on_core(model, core, tmp_path / str(seed))


@pytest.mark.parametrize("core", CORES)
def test_places_from_tables_on_a_core(core: str, tmp_path: Path) -> None:
    model = moving_layers(BEYOND_15_BITS)
    on_core(model, core, tmp_path, [indices_inside(model)])


def tflm_runs(model: bytes) -> bool:
    """TFLM's memory planner crashes on some of these."""
    try:
        reference.run(model, random_samples(api.load_graph(model), 1, seed=1)[:1], isolated=True)
    except ToolchainError:
        return False
    return True


def on_core(model: bytes, core: str, folder: Path, samples: list[list[np.ndarray]] | None = None) -> None:
    network = Network(model, target_or_skip(core), folder, samples=samples)
    assert network.differences([Build("gcc-O2", "-O2")]) == []


def test_tables_of_places_are_as_wide_as_they_must_be() -> None:
    for places, ctype in (((-(2**15), 2**15 - 1), "int16_t"), ((0, 2**15), "int32_t"), ((-(2**15) - 1,), "int32_t")):
        assert Table.of_places("places", places).ctype == ctype


def test_a_value_that_its_table_cannot_hold_is_no_generated_code() -> None:
    with pytest.raises(InternalError, match="32768 to 32768 in a table of int16_t"):
        Constants("net").table("L00", Table("places", "int16_t", 1, lambda: np.array([2**15])))
