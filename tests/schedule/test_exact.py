"""Random networks under every goal, bit for bit against TFLM; and mistakes planted in the generated loops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import HostModel, assert_exact, random_samples
from tests.schedule.graphs import NetworkBuilder, random_network
from tinyengine_tf import reference
from tinyengine_tf.codegen import layers as codegen_layers
from tinyengine_tf.errors import UsageError
from tinyengine_tf.schedule import Goal, segments

GOALS = (Goal("latency"), Goal("balanced"), Goal("ram"), Goal("ram", feed="rows"), Goal("latency", feed="rows"))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(GOALS))
def test_random_networks(seed: int, goal: Goal) -> None:
    model = random_network(seed)
    try:
        assert_exact(model, None, goal, count=1, seed=seed)
    except UsageError as refused:
        assert goal.feed == "rows" and "cannot be fed by rows" in str(refused)


def chain() -> bytes:
    """Convolutions of different reach, so that rings of several depths occur and the output lies over the input."""
    network = NetworkBuilder(1, (24, 6, 3))
    network.conv(6, (3, 3))
    network.conv(1, (5, 3), depthwise=True)
    network.conv(9, (1, 1))
    network.conv(4, (3, 3))
    network.conv(3, (3, 3), dilation=2)
    return network.finish()


def fused(model: bytes, goal: Goal) -> HostModel:
    host = assert_exact(model, None, goal, count=1)
    assert any(step.fused for step in host.arena.schedule.steps)
    return host


@pytest.mark.parametrize("feed", ["frame", "rows"])
def test_frames_follow_each_other(feed: str) -> None:
    """Nothing of one frame is left in the next one."""
    model = chain()
    host = fused(model, Goal("ram", feed=feed))
    samples = random_samples(host.graph, 3, seed=5)
    expected = reference.run(model, samples, isolated=False)
    for sample, wanted in [*zip(samples, expected), *zip(samples[::-1], expected[::-1])]:
        assert host.run(sample)[0].tobytes() == wanted[0].tobytes()


def shallower(step_type: Any) -> Callable[..., Any]:
    def build(*arguments: Any, **named: Any) -> Any:
        step = step_type(*arguments, **named)
        deepest = max(step.rings, key=lambda t: step.rings[t], default=None)
        if deepest is None or step.rings[deepest] == 1:
            return step
        return replace(step, rings={**step.rings, deepest: step.rings[deepest] - 1})

    return build


def closer(step_type: Any) -> Callable[..., Any]:
    def build(*arguments: Any, **named: Any) -> Any:
        step = step_type(*arguments, **named)
        rows = {t: t.nbytes // t.shape[1] for t in step.distances}
        return replace(step, distances={t: d - 2 * rows[t] for t, d in step.distances.items()})

    return build


def hasty(real: Callable[..., Any]) -> Callable[..., Any]:
    """Stages that start one row too early."""
    return lambda *a: tuple(replace(s, ready=s.ready.replace(" < n", " <= n").replace(" < fed", " <= fed")) for s in real(*a))


def shifted(real: Callable[..., Any]) -> Callable[..., Any]:
    """Windows that begin one row too low."""
    return lambda self, y: f"{real(self, y)} + 1"


MISTAKES: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "a ring is one row short": (segments, "Step", shallower),
    "the output lies too close to the input": (segments, "Step", closer),
    "rows are computed too early": (codegen_layers, "_stages", hasty),
    "windows begin one row too low": (codegen_layers.TensorView, "first", shifted),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_planted_mistakes_change_the_result(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, plant = MISTAKES[mistake]
    fused(chain(), Goal("ram"))
    monkeypatch.setattr(owner, name, plant(getattr(owner, name)))
    with pytest.raises(AssertionError, match="values differ"):
        assert_exact(chain(), None, Goal("ram"), count=1)
