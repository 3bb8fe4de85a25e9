"""Kernels that spend flash on speed: which ones a budget buys, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kernels.batch import Batch
from tinyengine_tf import api
from tinyengine_tf.errors import DoesNotFitError, UsageError
from tinyengine_tf.kernels.select import NO_BUDGET, OVER_BUDGET
from tinyengine_tf.schedule import Goal
from tinyengine_tf.schedule.kernels import best_purchases

WINOGRAD = "te_conv2d_s8_winograd_dsp"


def total(offers: Sequence[tuple[int, float]], taken: frozenset[int] | tuple[int, ...]) -> tuple[float, int]:
    """(gain, minus the price): more is better."""
    return sum(offers[i][1] for i in taken), -sum(offers[i][0] for i in taken)


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(-5, 9)), max_size=7), st.integers(0, 30))
def test_purchases_are_the_best_of_all(offers: list[tuple[int, float]], budget: int) -> None:
    taken = best_purchases(offers, budget)
    sets = chain.from_iterable(combinations(range(len(offers)), n) for n in range(len(offers) + 1))
    affordable = [s for s in sets if -total(offers, s)[1] <= budget]
    assert -total(offers, taken)[1] <= budget
    assert total(offers, taken) == max(total(offers, s) for s in affordable)


def model() -> bytes:
    batch = Batch(seed=1)
    for channels in (16, 32):
        batch.conv((8, 8, channels), channels, (3, 3))
    return batch.builder.finish()


def kernels(estimate: api.Estimate) -> list[str]:
    return [layer.kernel.name for layer in estimate.arena.schedule.layers]


def test_budget_is_kept_and_what_it_buys_is_used() -> None:
    plain = api.estimate(model())
    assert WINOGRAD not in kernels(plain)
    small, large = api.estimate(model(), flash_budget_bytes=20_000), api.estimate(model(), flash_budget_bytes=60_000)
    assert kernels(small).count(WINOGRAD) == 1 and small.weights_bytes <= 20_000
    assert kernels(large).count(WINOGRAD) == 2
    assert plain.instructions > small.instructions > large.instructions
    exact = api.estimate(model(), flash_budget_bytes=plain.weights_bytes)
    assert kernels(exact) == kernels(plain)


def test_reasons_name_the_budget() -> None:
    tight = api.estimate(model()).weights_bytes + 1000
    for budget, reason in ((None, NO_BUDGET), (tight, OVER_BUDGET)):
        layers = api.estimate(model(), flash_budget_bytes=budget).arena.schedule.layers
        assert dict(layers[0].rejected)[WINOGRAD] == reason


def test_least_memory_may_decline_what_the_budget_offers() -> None:
    """`ram` takes less memory first, `balanced` must not give the speed away for it."""
    plain, rich = (
        api.estimate(model(), optimize="ram"),
        api.estimate(model(), optimize="ram", flash_budget_bytes=60_000),
    )
    assert rich.arena_bytes <= plain.arena_bytes
    balanced = api.estimate(model(), optimize="balanced", flash_budget_bytes=60_000)
    assert kernels(balanced).count(WINOGRAD) == 2


def test_budgets_that_cannot_be_kept(tmp_path: Path) -> None:
    least = api.estimate(model()).weights_bytes
    with pytest.raises(DoesNotFitError, match=f"at least {least:,} bytes"):
        api.convert(model(), tmp_path / "c", flash_budget_bytes=least - 1)
    assert not (tmp_path / "c").exists()
    with pytest.raises(UsageError, match="flash budget of 0"):
        Goal(flash_budget_bytes=0)
