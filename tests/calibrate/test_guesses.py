"""Figures that rest on no measurement say so: report.json, explain, plan, the page and the list of choices."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.schedule.graphs import NetworkBuilder
from tinyengine_tf import api, report
from tinyengine_tf.cost import prediction
from tinyengine_tf.cost.table import GUESS, CostTable, cost_table
from tinyengine_tf.drawing.page import plan_page


def network() -> bytes:
    built = NetworkBuilder(7, (8, 8, 3))
    built.conv(8, (3, 3))
    built.conv(1, (3, 3), depthwise=True)
    built.head()
    return built.finish()


@pytest.fixture
def without_depthwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Cortex-M4 on which nobody has measured depthwise convolutions."""

    def table(core: str) -> CostTable:
        known = cost_table(core)
        return replace(known, kernels={n: f for n, f in known.kernels.items() if "depthwise" not in n})

    monkeypatch.setattr(prediction, "cost_table", table)


def test_what_is_measured_has_no_mark() -> None:
    arena = api.estimate(network(), target="cortex-m4").arena
    found = report.report(arena, "net")
    assert found["predicted_from_measurements"] and found["guessed_instructions"] == 0 == len(found["guessed_kernels"])
    assert all(layer["measured"] for layer in found["layers"])
    assert sum(layer["predicted_instructions"] for layer in found["layers"]) == pytest.approx(
        found["predicted_instructions"], abs=len(found["layers"])
    )
    for text in (report.summary(arena), report.explain(arena), plan_page(arena, "plan")):
        assert "?" not in text and "guess" not in text


def test_one_guessed_kernel_is_marked_and_named(without_depthwise: None) -> None:
    arena = api.estimate(network(), target="cortex-m4").arena
    found, name = report.report(arena, "net"), "te_depthwise_conv2d_s8_3x3_dsp"
    assert not found["predicted_from_measurements"] and found["guessed_kernels"] == [name]
    guessed = [layer for layer in found["layers"] if not layer["measured"]]
    assert [layer["kernel"] for layer in guessed] == [name]
    layer = arena.schedule.guessed[0]
    expected = GUESS["call"] * 8 + GUESS["read"] * 512 + GUESS["out"] * 512 + GUESS["mac"] * layer.op.macs
    assert guessed[0]["predicted_instructions"] == expected == found["guessed_instructions"]
    figure = f"{round(expected):,}?"
    sentence = f"? {round(expected):,} of the instructions are a guess: nobody has measured {name} on cortex-m4"
    assert f"about  {figure} instructions" in report.explain(arena) and sentence in report.explain(arena)
    assert f"{arena.schedule.instructions:,}? instructions" in report.summary(arena)
    assert sentence in report.summary(arena)
    page = plan_page(arena, "plan")
    assert f"{figure}</td>" in page and sentence in page and "from measured kernels" not in page


@pytest.mark.parametrize("target", ["esp32", "esp32-s3", "host"])
def test_cores_without_a_table_are_guessed_throughout(target: str) -> None:
    arena = api.estimate(network(), target=target).arena
    found, core = report.report(arena, "net"), arena.schedule.target.core
    assert not found["predicted_from_measurements"] and not any(layer["measured"] for layer in found["layers"])
    assert found["guessed_instructions"] == found["predicted_instructions"]
    sentence = f"? nothing was measured on {core}: the prediction is a guess"
    points = api.pareto(network(), target=target)
    for text in (report.summary(arena), report.explain(arena), plan_page(arena, ""), report.pareto_table(points)):
        assert sentence in text
    assert all(row["guessed_instructions"] == row["instructions"] for row in report.pareto_rows(points))
