"""What every strategy must keep. A strategy of one's own is tested by subclassing StrategySuite:

    class TestMine(StrategySuite):
        @pytest.fixture
        def strategy(self) -> Strategy:
            return Mine(population=10)

It is run on a made-up accuracy over a real space, so it takes no training and about a second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas_keras.families.mbconv.analytic import AnalyticCost
from nas_keras.families.mbconv.arch import Arch
from nas_keras.families.mbconv.space import Space, grid_for
from nas_keras.search.context import Allowance, Context, Trial
from nas_keras.search.options import describe, rules
from nas_keras.search.strategy import Strategy, run
from tinyengine_tf.errors import UsageError

SPACE = grid_for((32, 32, 3), 10).layout.space(0.3, (32, 32))
COST = AnalyticCost()


def small(arch: Arch) -> bool:
    return COST.footprint(arch).macs < 3_000_000


def taste(archs: Sequence[Arch]) -> list[float]:
    """A smooth made-up accuracy: late capacity counts most, large early kernels hurt."""
    return [sum(b.mid_channels * (1 + i) / 300 for i, b in enumerate(a.blocks)) - a.blocks[1].kernel[0] for a in archs]


def context(
    networks: int,
    seed: int = 0,
    *,
    evaluate: Callable[[Sequence[Arch]], Sequence[float]] = taste,
    space: Space = SPACE,
    feasible: Callable[[Arch], bool] = small,
    **options: Any,
) -> Context:
    return Context(space, feasible, evaluate, Allowance(networks), seed=seed, **options)


def found(strategy: Strategy, networks: int, seed: int = 0, **options: Any) -> list[Trial]:
    return run(strategy, context(networks, seed, **options))


class StrategySuite:
    """Subclasses provide the fixture `strategy`: one with options that suit about 40 evaluations."""

    @pytest.fixture
    def strategy(self) -> Strategy:
        raise NotImplementedError

    def test_it_is_a_value(self, strategy: Strategy) -> None:
        assert is_dataclass(strategy) and strategy == replace(strategy) and hash(strategy) == hash(replace(strategy))
        for field in fields(strategy):
            with pytest.raises(FrozenInstanceError):
                setattr(strategy, field.name, 1)

    def test_options_are_checked_and_described(self, strategy: Strategy) -> None:
        known = rules(strategy)
        assert [line.partition("=")[0] for line in describe(type(strategy))] == list(known)
        for name, (default, rule) in known.items():
            assert rule.meaning
            for wrong in ("many", None, True, rule.least - 1, rule.most + 1):
                if isinstance(wrong, float) and not np.isfinite(wrong):
                    continue
                with pytest.raises(UsageError, match=name):
                    replace(strategy, **{name: wrong})
            replace(strategy, **{name: default})

    def test_same_seed_same_search(self, strategy: Strategy) -> None:
        first, again, other = (found(strategy, 40, seed) for seed in (1, 1, 2))
        assert first == again != other

    def test_nothing_is_evaluated_twice_and_all_is_feasible(self, strategy: Strategy) -> None:
        archs = [t.arch for t in found(strategy, 60)]
        assert len(set(archs)) == len(archs) == 60
        assert all(small(a) and SPACE.genes(a) for a in archs)

    def test_the_budget_is_kept_and_batches_find_as_many(self, strategy: Strategy) -> None:
        asked: list[int] = []

        def evaluate(archs: Sequence[Arch]) -> list[float]:
            asked.append(len(archs))
            return taste(archs)

        trials = found(strategy, 35, evaluate=evaluate, side_by_side=8)
        assert len(trials) == 35 == len({t.arch for t in trials}) == sum(asked) and max(asked) <= 8
        assert found(strategy, 0, evaluate=evaluate) == []

    def test_no_time_is_no_search(self, strategy: Strategy) -> None:
        in_no_time = Context(SPACE, small, taste, Allowance(10, seconds=1e-9))
        assert run(strategy, in_no_time) == []

    def test_exhausted_space_ends_the_search(self, strategy: Strategy, tiny_space: Space) -> None:
        everything = found(strategy, 10**6, space=tiny_space, feasible=lambda a: True)
        rng = np.random.default_rng(0)
        assert {t.arch for t in everything} == {tiny_space.sample(rng) for _ in range(3000)}
        assert found(strategy, 10, feasible=lambda a: False) == []

    @pytest.mark.parametrize("side_by_side", [1, 4])
    def test_interrupted_search_goes_on_where_it_was(
        self, strategy: Strategy, tmp_path: Path, side_by_side: int
    ) -> None:
        record, whole = tmp_path / "search.jsonl", found(strategy, 30, side_by_side=side_by_side)
        evaluated: list[Arch] = []

        def evaluate(archs: Sequence[Arch]) -> list[float]:
            if len(evaluated) >= 16 and not (tmp_path / "killed").exists():
                (tmp_path / "killed").touch()
                raise KeyboardInterrupt
            evaluated.extend(archs)
            return taste(archs)

        with pytest.raises(KeyboardInterrupt):
            found(strategy, 30, evaluate=evaluate, record=record, side_by_side=side_by_side)
        with open(record, "a") as file:
            file.write('{"fitness": 0.1, "arch": {"inp')
        seen: list[Trial] = []
        again = found(strategy, 30, evaluate=evaluate, record=record, progress=seen.append, side_by_side=side_by_side)
        assert again == whole == seen
        assert len(evaluated) == len(set(evaluated)) == 30, "nothing that was recorded is evaluated again"

    def test_record_of_another_search_is_refused(self, strategy: Strategy, tmp_path: Path) -> None:
        found(strategy, 5, 1, record=tmp_path / "j")
        with pytest.raises(UsageError, match="went another way"):
            found(strategy, 5, 2, record=tmp_path / "j")
