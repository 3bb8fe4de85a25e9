"""Architectures are values; spaces draw members only; stage 1 counts honestly."""

from __future__ import annotations

import json

import numpy as np
import pytest

from nas_keras.cost.footprint import Limits
from nas_keras.families.mbconv.analytic import AnalyticCost
from nas_keras.families.mbconv.arch import Arch, parse, round_channels
from nas_keras.families.mbconv.space import Grid, Space, grid_for, published_grid
from nas_keras.search import tinynas
from nas_keras.search.tinynas import Sampling, SpaceStats, explore, rank, study, table
from tinyengine_tf import UsageError

SHAPES = [(32, 32, 3), (96, 96, 1), (224, 224, 3), (49, 10, 1), (98, 40, 1), (128, 1, 6), (8, 8, 1)]


def space_for(shape: tuple[int, int, int]) -> Space:
    return grid_for(shape, 10).spaces()[-1]


@pytest.mark.parametrize(
    "request_,expected", [(1, 8), (12, 16), (11, 16), (10, 16), (9, 16), (8.8, 8), (19, 24), (27, 32)]
)
def test_round_channels(request_: float, expected: int) -> None:
    assert round_channels(request_) == expected
    assert round_channels(request_) >= 0.9 * request_


@pytest.mark.parametrize("shape", SHAPES)
def test_samples_survive_json_and_are_members(shape: tuple[int, int, int]) -> None:
    space, rng = space_for(shape), np.random.default_rng(0)
    for _ in range(30):
        arch = space.sample(rng)
        assert Arch.from_json(json.loads(json.dumps(arch.to_json()))) == arch
        assert space.build(space.genes(arch)) == arch
        assert json.loads(arch.key()) == json.loads(json.dumps(arch.to_json()))


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_keep_rows_to_the_end(shape: tuple[int, int, int]) -> None:
    for placed in space_for(shape).largest().placed():
        assert max(placed.out_hw) >= 2
        assert all(k <= 2 * n - 1 for k, n in zip(placed.block.kernel, placed.in_hw, strict=True))


@pytest.mark.parametrize("shape", SHAPES)
def test_mutants_and_crosses_stay_inside(shape: tuple[int, int, int]) -> None:
    space, rng = space_for(shape), np.random.default_rng(1)
    mother, father = space.sample(rng), space.sample(rng)
    for _ in range(50):
        child = space.cross(mother, father, rng)
        mutant = space.mutate(child, rng, 0.3)
        assert space.genes(child) and space.genes(mutant)
        for stage, *parents in zip(child.stages, mother.stages, father.stages, strict=True):
            assert len(stage) in {len(p) for p in parents}
        mother, father = child, mutant


def test_mutation_of_probability_zero_changes_nothing() -> None:
    space, rng = space_for((32, 32, 3)), np.random.default_rng(2)
    arch = space.sample(rng)
    assert space.mutate(arch, rng, 0.0) == arch
    assert space.cross(arch, arch, rng) == arch
    assert any(space.mutate(arch, rng, 0.1) != arch for _ in range(5))


def test_foreign_architecture_is_refused() -> None:
    with pytest.raises(ValueError, match="not a member"):
        space_for((32, 32, 3)).genes(parse("16e1k3 | 24e3k3s2", 32, 10, 16))


def test_sampling_is_uniform_over_choices() -> None:
    space, rng = published_grid(10).layout.space(0.5, (64, 64)), np.random.default_rng(3)
    genes = [space.genes(space.sample(rng)) for _ in range(600)]
    depths = np.bincount([len(g[0].kernels) for g in genes], minlength=5)[2:]
    kernels = np.bincount([g[1].kernels[0] for g in genes], minlength=8)[[3, 5, 7]]
    for counts in (depths, kernels):
        assert np.all(np.abs(counts - 200) < 5 * np.sqrt(200 * 2 / 3)), counts


def test_extremes_bound_every_sample() -> None:
    space, rng, cost = space_for((32, 32, 3)), np.random.default_rng(4), AnalyticCost()
    least, most = cost.footprint(space.smallest()), cost.footprint(space.largest())
    for _ in range(50):
        here = cost.footprint(space.sample(rng))
        assert least.macs <= here.macs <= most.macs
        assert least.flash_bytes <= here.flash_bytes <= most.flash_bytes
        assert least.sram_bytes <= here.sram_bytes <= most.sram_bytes


def test_grid_for_data() -> None:
    assert len(grid_for((224, 224, 3), 10).spaces()) == 108
    assert [r for r, _ in grid_for((32, 32, 3), 10).resolutions] == [16, 20, 24, 28, 32]
    assert grid_for((49, 10, 1), 12).resolutions == ((49, 10),)
    assert grid_for((64, 64, 1), 12, resizable=False).resolutions == ((64, 64),)
    with pytest.raises(UsageError, match="two classes"):
        grid_for((32, 32, 3), 1)


@pytest.mark.parametrize("grid", [published_grid(10), *(grid_for(shape, 10) for shape in SHAPES)])
def test_grids_survive_json(grid: Grid) -> None:
    assert Grid.from_json(json.loads(json.dumps(grid.to_json()))) == grid == Grid.from_json(grid.to_json())


def test_stage_one_reports_every_space_and_survives_json() -> None:
    grid, limits = grid_for((49, 10, 1), 12), Limits(sram_bytes=20_000, flash_bytes=60_000)
    sampling, seen = Sampling(40, 5, 80, seed=7), []
    alone = explore(grid, AnalyticCost(), limits, sampling, progress=seen.append)
    assert tuple(seen) == alone
    assert tuple(SpaceStats.from_json(json.loads(json.dumps(s.to_json()))) for s in alone) == alone


def test_any_number_of_workers_finds_the_same_and_none_is_started_for_little(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    class Counted(tinynas.subprocess.Popen):
        def __init__(self, *arguments, **options):
            started.append(self)
            super().__init__(*arguments, **options)

    monkeypatch.setattr(tinynas.subprocess, "Popen", Counted)
    grid, sampling = grid_for((49, 10, 1), 12), Sampling(40, 5, 80, seed=7)
    alone = explore(grid, AnalyticCost(), Limits(sram_bytes=20_000), sampling, workers=2)
    assert not started, "a second of work is not worth a process"
    monkeypatch.setattr(tinynas, "WORKERS_PAY_SECONDS", 0.0)
    assert explore(grid, AnalyticCost(), Limits(sram_bytes=20_000), sampling, workers=2) == alone
    assert len(started) == 2 and all(process.poll() is not None for process in started)


def test_a_worker_that_dies_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tinynas, "WORKERS_PAY_SECONDS", 0.0)
    monkeypatch.setattr(tinynas.sys, "executable", "/bin/true")
    with pytest.raises(RuntimeError, match="a worker of stage 1 failed"):
        explore(grid_for((49, 10, 1), 12), AnalyticCost(), Limits(), Sampling(4, 1, 4), workers=2)


def test_stage_one_says_what_rejected_and_stops_trying() -> None:
    grid, sampling = grid_for((32, 32, 3), 10), Sampling(20, 10, 50)
    stats = explore(grid, AnalyticCost(), Limits(sram_bytes=100, flash_bytes=10**9), sampling)
    assert not rank(stats, sampling)
    for s in stats:
        assert (s.satisfying, s.drawn) == (0, 20), "without any survivor there is no hope in drawing more"
        assert dict(s.rejected) == {"sram_bytes": s.drawn}
        assert dict(s.closest)["sram_bytes"] > 100
    assert f"0 of {len(stats)} spaces" in table(stats)


def test_rare_survivors_are_sought_up_to_the_limit_of_attempts() -> None:
    space, sampling = grid_for((32, 32, 3), 10).layout.space(0.3, (32, 32)), Sampling(40, 30, 130)
    rng = np.random.default_rng(0)
    tenth = int(np.percentile([AnalyticCost().footprint(space.sample(rng)).flash_bytes for _ in range(300)], 10))
    stats = study(space, AnalyticCost(), Limits(flash_bytes=tenth), sampling)
    assert 0 < stats.satisfying < 30 and stats.drawn == 130
    assert dict(stats.rejected) == {"flash_bytes": 130 - stats.satisfying}


def test_space_whose_smallest_network_is_too_large_is_not_sampled() -> None:
    space = grid_for((32, 32, 3), 10).layout.space(0.9, (32, 32))
    least = AnalyticCost().footprint(space.smallest())
    stats = study(space, AnalyticCost(), Limits(flash_bytes=least.flash_bytes - 1), Sampling(40, 5, 100))
    assert (stats.drawn, stats.satisfying, dict(stats.closest)) == (1, 0, {"flash_bytes": least.flash_bytes})
    assert study(space, AnalyticCost(), Limits(flash_bytes=least.flash_bytes), Sampling(40, 5, 100)).drawn > 1
