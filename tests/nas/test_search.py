"""Every registered strategy passes the suite; what sets them apart; what a context counts."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from nas_keras import plugins
from nas_keras.budget import SearchBudget
from nas_keras.families.space import Arch
from nas_keras.search import STRATEGIES, load_strategy
from nas_keras.search.aging import AgingEvolution
from nas_keras.search.context import Allowance, BudgetSpent, Context
from nas_keras.search.evolution import Evolution
from nas_keras.search.options import option, parse
from nas_keras.search.random_search import RandomSearch
from nas_keras.search.strategy import AskTell, Known, Strategy, best, escape, run
from tests.nas.strategy_suite import SPACE, StrategySuite, context, found, small, taste
from tinyengine_tf.errors import UsageError

COUNTS = SimpleNamespace(population=10, parents=4)


class TestRegistered(StrategySuite):
    @pytest.fixture(params=STRATEGIES)
    def strategy(self, request: pytest.FixtureRequest) -> Strategy:
        return load_strategy(request.param, COUNTS)


@dataclass(frozen=True)
class HillClimbing(AskTell):
    """As the docstring of search/strategy.py has it: all of a new strategy."""

    mutation_probability: float = option(0.1, "of each choice to be drawn again", least=0, most=1)

    def propose(self, known: Known, rng: np.random.Generator, attempt: int) -> Arch:
        if not known.trials:
            return known.space.sample(rng)
        return known.space.mutate(best(known.trials).arch, rng, escape(self.mutation_probability, attempt))


class TestHillClimbing(StrategySuite):
    @pytest.fixture
    def strategy(self) -> Strategy:
        return HillClimbing()


@dataclass(frozen=True)
class Descent(Strategy):
    """Stands for one that learns from gradients: trains, then evaluates, for ever."""

    images: int = option(100, "on which it trains before each evaluation", least=1)

    def run(self, context: Context) -> None:
        rng = context.rng(7)
        while True:
            context.count_images(self.images)
            arch = context.space.sample(rng)
            if context.feasible(arch):
                context.evaluate([arch, arch])


def fitness(strategy: Strategy, networks: int, seed: int = 0) -> float:
    return best(found(strategy, networks, seed)).fitness


@pytest.mark.parametrize("strategy", [Evolution(10, 4), AgingEvolution(8, 3)], ids=str)
def test_beats_random_search_at_equal_evaluations(strategy: Strategy) -> None:
    gains = [fitness(strategy, 120, seed) - fitness(RandomSearch(), 120, seed) for seed in range(5)]
    assert np.mean(gains) > 0 and sum(g > 0 for g in gains) >= 4, gains


def test_evolution_breeds_from_the_best_of_all_whole_generations() -> None:
    strategy = Evolution(population=10, parents=4)
    trials = found(strategy, 37)
    ranked = sorted((t.fitness for t in trials[:30]), reverse=True)
    assert [t.fitness for t in strategy.breeders(trials)] == ranked[:4]
    assert strategy.breeders(trials[:9]) == []


def test_random_search_ignores_results() -> None:
    ignorant = found(RandomSearch(), 20, 3, evaluate=lambda archs: [0.0] * len(archs))
    assert [t.arch for t in ignorant] == [t.arch for t in found(RandomSearch(), 20, 3)]


def test_a_strategy_that_trains_ends_when_its_images_are_used_up() -> None:
    purse = Context(SPACE, lambda arch: True, taste, Allowance(1000, images=950))
    trials = run(Descent(), purse)
    assert len(trials) == 9 and purse.images == 900
    assert len(run(Descent(), Context(SPACE, small, taste, Allowance(5)))) == 5, "networks bound it, too"


def test_a_known_network_costs_nothing_and_a_forbidden_one_is_an_error() -> None:
    here = context(2)
    arch = SPACE.smallest()
    assert here.evaluate([arch]) == here.evaluate([arch, arch])[:1] and here.networks_left == 1
    with pytest.raises(ValueError, match="breaks the limits"):
        here.evaluate([SPACE.largest()])
    rng, others = here.rng(1), []
    while len(others) < 2:
        others += [drawn] if small(drawn := SPACE.sample(rng)) else []
    with pytest.raises(BudgetSpent):
        here.evaluate(others)
    assert [t.arch for t in here.trials] == [arch, others[0]], "what was allowed is evaluated"


def test_no_more_networks_are_evaluated_than_allowed_however_many_are_asked_at_once() -> None:
    archs = [trial.arch for trial in found(RandomSearch(), 8)]
    here = context(3, side_by_side=8)
    with pytest.raises(BudgetSpent):
        here.evaluate(archs)
    assert [trial.arch for trial in here.trials] == archs[:3]


def test_a_strategy_that_repeats_itself_for_ever_is_ended() -> None:
    @dataclass(frozen=True)
    class Stuck(Strategy):
        def run(self, context: Context) -> None:
            while True:
                context.evaluate([context.space.smallest()])

    assert len(found(Stuck(), 5)) == 1


def test_time_of_former_runs_counts(tmp_path: Path) -> None:
    record = tmp_path / "search.jsonl"
    found(RandomSearch(), 5, record=record)
    line = record.read_text().splitlines()[-1]
    record.write_text(record.read_text().replace(line, line[: line.index('"seconds"')] + '"seconds": 100.0}'))
    late = Context(SPACE, small, taste, Allowance(50, seconds=99), record=record)
    assert len(run(RandomSearch(), late)) == 5, "recorded ones are read back, none is added"
    enough = Context(SPACE, small, taste, Allowance(7, seconds=200), record=record)
    assert len(run(RandomSearch(), enough)) == 7


def test_a_strategy_that_nobody_registered_is_found_by_its_place() -> None:
    assert load_strategy("nas_keras.search.random_search:RandomSearch", COUNTS) == RandomSearch()
    for place in ("nas_keras.search.absent:Climb", "nas_keras.search.strategy:Absent"):
        with pytest.raises(UsageError, match="cannot be imported"):
            load_strategy(place, COUNTS)


def test_options_come_from_the_caller_else_the_budget_else_the_strategy() -> None:
    budget = SearchBudget(population=30, parents=7)
    assert load_strategy("evolution", budget) == Evolution(30, 7, 0.1)
    changes = parse(Evolution, ["mutation_probability=0.3", "population=12"])
    assert load_strategy("evolution", budget, changes) == Evolution(12, 7, 0.3)
    mine = Evolution(4, 2)
    assert load_strategy(mine, budget) is mine
    with pytest.raises(UsageError, match="'speed' is no option of Evolution"):
        load_strategy("evolution", budget, {"speed": 1})
    with pytest.raises(UsageError, match="is no float"):
        parse(Evolution, ["mutation_probability=often"])
    with pytest.raises(UsageError, match="takes no options"):
        load_strategy(mine, budget, {"population": 3})
    for wrong in ("magic", 7, Evolution):
        with pytest.raises(UsageError, match="evolution, aging, random"):
            load_strategy(wrong, budget)


def test_installed_packages_add_strategies_but_replace_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def installed(group: str) -> list[EntryPoint]:
        places = {
            "hill": f"{__name__}:HillClimbing",
            "random": f"{__name__}:HillClimbing",
            "broken": "no_such_package:Strategy",
            "number": "math:pi",
        }
        return [EntryPoint(name, place, group) for name, place in places.items()]

    monkeypatch.setattr(plugins, "entry_points", installed)
    registry = plugins.Registry(STRATEGIES.kind, STRATEGIES.group, STRATEGIES.own)
    assert list(registry) == ["evolution", "aging", "random", "hill", "broken", "number"]
    assert registry["hill"].__name__ == "HillClimbing" and registry["random"] is RandomSearch
    with pytest.raises(UsageError, match=r"broken \(no_such_package:Strategy\) cannot be imported"):
        registry.find("broken")
    with pytest.raises(UsageError, match="is no class"):
        registry.find("number")
