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
from tinyengine_tf import api
from tinyengine_tf.codegen import layers as codegen_layers
from tinyengine_tf.errors import UsageError
from tinyengine_tf.ir import Tensor
from tinyengine_tf.lab import reference
from tinyengine_tf.schedule import Goal, Ring
from tinyengine_tf.schedule.pipeline import Pipeline

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
    for sample, wanted in [*zip(samples, expected, strict=True), *zip(samples[::-1], expected[::-1], strict=True)]:
        assert host.run(sample)[0].tobytes() == wanted[0].tobytes()


def shallower(real: Callable[..., Any]) -> Callable[..., Any]:
    """The deepest ring loses a row."""

    def rings(self: Pipeline) -> dict[Tensor, Ring]:
        found = real(self)
        deepest = max((r for t, r in found.items() if r.owner is t), key=lambda r: r.rows, default=None)
        return {
            t: replace(r, places=r.places - 1) if deepest and r.owner is deepest.owner else r for t, r in found.items()
        }

    return rings


def closer(real: Callable[..., Any]) -> Callable[..., Any]:
    """The output may reach two rows further into an input than it may."""
    return lambda self, source: real(self, source) - 2 * (source.nbytes // source.shape[1])


def hasty(real: Callable[..., Any]) -> Callable[..., Any]:
    """Rows are computed when one row of those they read is missing."""
    return lambda *a: tuple(
        replace(s, wants=tuple(replace(w, rows=f"({w.rows}) - 1") for w in s.wants)) for s in real(*a)
    )


def shifted(real: Callable[..., Any]) -> Callable[..., Any]:
    """Windows begin one row too low."""
    return lambda self, y: f"{real(self, y)} + 1"


MISTAKES: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "a ring is one row short": (Pipeline, "rings", shallower),
    "the output lies too close to the input": (Pipeline, "distance", closer),
    "rows are computed too early": (codegen_layers, "_stages", hasty),
    "windows begin one row too low": (codegen_layers.TensorView, "first", shifted),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_planted_mistakes_change_the_result(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, plant = MISTAKES[mistake]
    fused(chain(), Goal("ram"))
    monkeypatch.setattr(owner, name, plant(getattr(owner, name)))
    monkeypatch.setattr(api, "replay", lambda arena: None)  # which would find some of them before there is any C
    with pytest.raises(AssertionError, match="values differ"):
        assert_exact(chain(), None, Goal("ram"), count=1)
