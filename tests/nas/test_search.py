"""One suite that every strategy passes, and what sets them apart."""

from __future__ import annotations

import numpy as np
import pytest

from nas_keras.cost.footprint import AnalyticCost
from nas_keras.search import STRATEGIES, Evolution, RandomSearch, Searcher, best, run
from nas_keras.space.arch import Arch
from nas_keras.space.space import Space, grid_for
from tinyengine_tf.errors import UsageError

SPACE = grid_for((32, 32, 3), 10).layout.space(0.3, (32, 32))
SMALL = {"evolution": {"population": 10, "parents": 4}, "aging": {"population": 8, "tournament": 3}, "random": {}}
COST = AnalyticCost()


def small(arch: Arch) -> bool:
    return COST.footprint(arch).macs < 3_000_000


def make(name: str, seed: int = 0, space: Space = SPACE, feasible=small) -> Searcher:
    return STRATEGIES[name](space, feasible, seed, **SMALL[name])


def taste(archs: list[Arch]) -> list[float]:
    """A smooth made-up accuracy: late capacity counts most, large early kernels hurt."""
    return [sum(b.mid_channels * (1 + i) / 300 for i, b in enumerate(a.blocks)) - a.blocks[1].kernel[0] for a in archs]


@pytest.fixture(params=STRATEGIES)
def name(request) -> str:
    return request.param


def test_same_seed_same_search(name: str) -> None:
    first, again, other = (run(make(name, seed), taste, 40) for seed in (1, 1, 2))
    assert first == again != other


def test_nothing_is_evaluated_twice_and_all_is_feasible(name: str) -> None:
    archs = [t.arch for t in run(make(name), taste, 60)]
    assert len(set(archs)) == len(archs) == 60
    assert all(small(a) and SPACE.genes(a) for a in archs)


def test_batches_find_as_many(name: str) -> None:
    asked: list[int] = []

    def evaluate(archs):
        asked.append(len(archs))
        return taste(archs)

    trials = run(make(name), evaluate, 35, batch=8)
    assert len(trials) == 35 == len({t.arch for t in trials}) and max(asked) == 8


def test_exhausted_space_ends_the_search(name: str, tiny_space: Space) -> None:
    everything = run(make(name, space=tiny_space, feasible=lambda a: True), taste, 10**6)
    rng = np.random.default_rng(0)
    assert {t.arch for t in everything} == {tiny_space.sample(rng) for _ in range(3000)}
    assert run(make(name, feasible=lambda a: False), taste, 10) == []


def test_interrupted_search_goes_on_where_it_was(name: str, tmp_path) -> None:
    journal, whole = tmp_path / "search.jsonl", run(make(name), taste, 30)
    evaluated = 0

    def evaluate(archs):
        nonlocal evaluated
        evaluated += len(archs)
        if evaluated == 17:
            raise KeyboardInterrupt
        return taste(archs)

    with pytest.raises(KeyboardInterrupt):
        run(make(name), evaluate, 30, journal=journal)
    with open(journal, "a") as file:
        file.write('{"fitness": 0.1, "arch": {"inp')
    seen = []
    assert run(make(name), evaluate, 30, journal=journal, progress=seen.append) == whole == seen
    assert evaluated == 31, "one evaluation was cut short and repeated, none else"


def test_journal_of_another_search_is_refused(name: str, tmp_path) -> None:
    run(make(name, seed=1), taste, 5, journal=tmp_path / "j")
    with pytest.raises(UsageError, match="went another way"):
        run(make(name, seed=2), taste, 5, journal=tmp_path / "j")


def test_results_of_strangers_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="never asked"):
        make(name).tell(SPACE.smallest(), 1.0)


@pytest.mark.parametrize("strategy", ["evolution", "aging"])
def test_beats_random_search_at_equal_evaluations(strategy: str) -> None:
    gains = [
        best(run(make(strategy, s), taste, 120)).fitness - best(run(make("random", s), taste, 120)).fitness
        for s in range(5)
    ]
    assert np.mean(gains) > 0 and sum(g > 0 for g in gains) >= 4, gains


def test_evolution_breeds_from_the_best_of_all_generations() -> None:
    searcher = Evolution(SPACE, small, 0, population=10, parents=4)
    trials = run(searcher, taste, 30)
    assert [t.fitness for t in searcher.breeders] == sorted((t.fitness for t in trials), reverse=True)[:4]


def test_random_search_ignores_results() -> None:
    ignorant = run(RandomSearch(SPACE, small, 3), lambda archs: [0.0] * len(archs), 20)
    assert [t.arch for t in ignorant] == [t.arch for t in run(RandomSearch(SPACE, small, 3), taste, 20)]
