"""A family is a folder behind one interface: a second one, in vector_family.py, runs through a whole search."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

from nas_keras import SearchBudget, plugins, search_for_mcu
from nas_keras.cost.compiler import CompilerCost
from nas_keras.cost.footprint import Limits
from nas_keras.families import FAMILIES, load_family
from nas_keras.families.base import Family
from nas_keras.families.mbconv.space import grid_for
from nas_keras.families.space import Space
from nas_keras.search.context import Allowance, Context
from nas_keras.search.evolution import Evolution
from nas_keras.search.strategy import run
from tests.nas.vector_family import VectorArch, VectorFamily
from tinyengine_tf import UsageError, convert

BUDGET = SearchBudget(
    samples=10,
    supernet_epochs=2,
    networks=2,
    evaluations=6,
    population=3,
    parents=2,
    search_examples=100,
    finetune_epochs=3,
    qat_epochs=1,
    batch=32,
)


@pytest.fixture(params=[*FAMILIES, VectorFamily()], ids=lambda given: str(getattr(given, "name", given)))
def family(request: pytest.FixtureRequest) -> Family:
    return load_family(request.param)


@pytest.fixture
def space(family: Family, tiny_space: Space) -> Space:
    small = {"mbconv": tiny_space}
    return small.get(family.name) or family.grid_for((16, 1, 1), 4).spaces()[0]


@pytest.fixture(scope="module")
def clusters() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Three clouds of vectors of 16 features, none of which tells them apart alone."""
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=300)
    x = (rng.normal(0, 3, (3, 16))[y] + rng.normal(0, 2, (300, 16))).astype(np.float32)[..., None]
    return (x[:240], y[:240]), (x[240:], y[240:])


def test_every_family_keeps_the_interface(family: Family, space: Space) -> None:
    rng = np.random.default_rng(1)
    archs = [space.sample(rng) for _ in range(20)]
    archs += [space.mutate(archs[0], rng, 0.3), space.cross(archs[0], archs[1], rng)]
    assert space.mutate(archs[0], rng, 0.0) == archs[0] == space.cross(archs[0], archs[0], rng)
    assert space.size > 1 and str(space).startswith("w")
    for arch in archs:
        assert family.arch_from_json(json.loads(json.dumps(arch.to_json()))) == arch and hash(arch)
        graph = family.graph(arch)
        graph.verify()
        assert graph.inputs[0].shape == (1, *arch.input_shape) and graph.outputs[0].shape == (1, 4)
    least, most = (family.graph(arch).macs for arch in (space.smallest(), space.largest()))
    assert all(least <= family.graph(arch).macs <= most for arch in archs)


def test_judging_agrees_with_the_footprint(family: Family, space: Space) -> None:
    arch = space.sample(np.random.default_rng(2))
    need = CompilerCost("cortex-m4", family=family).footprint(arch)
    for sram, flash in ((0, 0), (-1, 0), (0, -1), (10**6, 10**6)):
        limits = Limits(sram_bytes=need.sram_bytes + sram, flash_bytes=need.flash_bytes + flash)
        judged = CompilerCost("cortex-m4", family=family).judge(arch, limits)
        assert bool(limits.broken(judged)) == bool(limits.broken(need)) and judged.macs == need.macs


def test_an_extracted_network_computes_what_it_computes_inside() -> None:
    """Of the second family; test_supernet.py asks more of mbconv."""
    pytest.importorskip("tf_keras")
    family = VectorFamily()
    space = family.grid_for((16, 1, 1), 4).spaces()[0]
    net, rng = family.supernet(space, 3), np.random.default_rng(4)
    x = rng.normal(0, 1, (32, *space.smallest().input_shape)).astype(np.float32)
    before = net.predict(space.largest(), x)
    net.calibrate(space.largest(), [x])
    kept = net.predict(space.largest(), x)
    net.sort_channels()
    net.calibrate(space.largest(), [x])
    np.testing.assert_allclose(net.predict(space.largest(), x), kept, rtol=1e-3, atol=1e-4)
    assert before.shape == kept.shape == (32, 4) and net.classes == 4
    for arch in (space.smallest(), space.sample(rng), space.largest()):
        net.calibrate(arch, [x])
        model = net.extract(arch)
        np.testing.assert_allclose(model(x), net.predict(arch, x), rtol=1e-3, atol=1e-4)
        assert [v.shape for v in model.variables] == [v.shape for v in family.model(arch).variables]


def test_evolution_knows_no_family(family: Family, space: Space) -> None:
    context = Context(space, lambda arch: True, lambda archs: [family.graph(a).macs for a in archs], Allowance(8))
    trials = run(Evolution(population=4, parents=2), context)
    assert len(trials) == len({trial.arch for trial in trials}) == 8


def test_a_family_of_ones_own_is_searched_trained_and_exported(clusters, tmp_path: Path) -> None:
    pytest.importorskip("tf_keras")

    limits = {"target": "cortex-m4", "sram": "8KB", "flash": "16KB"}
    options = {"budget": BUDGET, "workdir": tmp_path / "run", "verbose": False}
    result = search_for_mcu(*clusters, family=VectorFamily(), **limits, **options)
    assert isinstance(result.arch, VectorArch) and result.accuracy["int8"] > 0.8
    assert [trial.arch for trial in result.trials] and not result.limits.broken(result.footprint)
    assert "FullyConnected" in (tmp_path / "run" / "report.html").read_text()
    conversion = convert(result.tflite, target="cortex-m4", optimize="ram")
    predicted = CompilerCost("cortex-m4", family=VectorFamily()).footprint(result.arch)
    assert predicted.sram_bytes == conversion.arena_bytes == result.footprint.sram_bytes
    assert predicted.macs == result.footprint.macs and predicted.flash_bytes == result.footprint.flash_bytes
    recorded = json.loads((tmp_path / "run" / "result.json").read_text())
    assert VectorFamily().arch_from_json(recorded["arch"]) == result.arch
    with pytest.raises(UsageError, match=r"another search \(other .*family"):
        search_for_mcu(*clusters, **limits, **options)


def test_families_are_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("transformers", 3, VectorFamily):
        with pytest.raises(UsageError, match="one of mbconv"):
            load_family(wrong)
    monkeypatch.setattr(
        plugins, "entry_points", lambda group: [EntryPoint("vector", "tests.nas.vector_family:VectorFamily", group)]
    )
    registry = plugins.Registry(FAMILIES.kind, FAMILIES.group, FAMILIES.own)
    assert list(registry) == ["mbconv", "vector"] and issubclass(registry.find("vector"), Family)


def test_grid_and_budget_must_suit_the_family(clusters, tmp_path: Path) -> None:
    options = {"target": "cortex-m4", "sram": 8192, "flash": 16384, "family": VectorFamily(), "workdir": tmp_path / "r"}
    with pytest.raises(UsageError, match="a grid of the family mbconv, the family is vector"):
        search_for_mcu(*clusters, grid=grid_for((16, 1, 1), 3), budget=BUDGET, **options)
    with pytest.raises(UsageError, match="networks of vector take one size of inputs"):
        search_for_mcu(*clusters, budget=SearchBudget(finetune_small=0.5), **options)
    assert not (tmp_path / "r").exists()
