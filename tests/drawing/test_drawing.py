"""Pictures hold what the plan holds, are well-formed, and load nothing."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.schedule.graphs import NetworkBuilder
from tinyengine_tf import api, cli
from tinyengine_tf.arguments import parse
from tinyengine_tf.drawing import Choice, front_png, front_svg, plan_page
from tinyengine_tf.drawing.axis import axis, round_step, size_text
from tinyengine_tf.errors import ToolchainError

CHOICES = (Choice(40_000, 1_000_000, ""), Choice(22_000, 1_020_000, "L00_L04"), Choice(9_000, 1_100_000, "L00_L09"))
VOID = {"meta", "br", "hr", "img", "input", "link"}


def network(name: str = "layer") -> bytes:
    """Rings of several depths, one of them a guest of another, an overlap and a residual."""
    b = NetworkBuilder(3, (20, 8, 3))
    b.conv(6, (3, 3), stride=2)
    b.inverted_residual()
    b.conv(1, (3, 3), depthwise=True)
    b.conv(12, (1, 1))
    b.conv(4, (3, 3))
    b.head()
    b.model._tensors[b.at].name = name
    return b.finish()


class Balanced(HTMLParser):
    """Fails on tags that do not match, and collects what pages must not have: addresses of other files."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [v or "" for k, v in attrs if k in ("src", "href")]
        self.texts += [v or "" for k, v in attrs if k == "data-text"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("goal", [("latency", "frame"), ("ram", "frame"), ("ram", "rows"), ("ram", "image")])
def test_page_holds_every_buffer(goal: tuple[str, str]) -> None:
    arena = api.estimate(network(), optimize=goal[0], feed=goal[1], target="stm32f412", exact=True).arena
    page = plan_page(arena, "a plan")
    parser = Balanced()
    parser.feed(page)
    assert not parser.open and not parser.links and "http" not in page
    text = "\n".join(parser.texts)
    for b in arena.plan.problem.buffers:
        begin = arena.plan.offsets[b.name]
        assert b.size_bytes == 0 or f"{b.name}: " in text and f"[{begin:,}, {begin + b.size_bytes:,})" in text
    assert f"{arena.arena_bytes:,}" in page and all(layer.label in page for layer in arena.schedule.layers)
    assert ("ring of" in text) == any(step.fused for step in arena.schedule.steps)


def test_names_from_the_model_stay_text() -> None:
    arena = api.estimate(network('</title><script>alert("x")</script>')).arena
    page = plan_page(arena, "<b>")
    assert "<script>alert" not in page and page.count("<script>") == 1 and "<title>&lt;b&gt;</title>" in page


def test_front_is_svg_with_every_choice() -> None:
    text = front_svg(CHOICES, "a & b", budget_bytes=30_000)
    root = ElementTree.fromstring(text)
    circles = list(root.iter("{http://www.w3.org/2000/svg}circle"))
    assert len(circles) == 3 and "a &amp; b" in text and "the board" in text
    assert [float(c.get("cx", "0")) for c in circles] == sorted(
        (float(c.get("cx", "0")) for c in circles), reverse=True
    )
    assert [float(c.get("cy", "0")) for c in circles] == sorted(
        (float(c.get("cy", "0")) for c in circles), reverse=True
    )
    assert "the board" not in front_svg(CHOICES, "x", budget_bytes=10**6)
    assert ElementTree.fromstring(front_svg(CHOICES[:1], "one"))


def test_png_needs_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    assert front_png(CHOICES, "x").startswith(b"\x89PNG")
    for module in ("matplotlib", "matplotlib.figure", "matplotlib.backends.backend_agg"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ToolchainError, match="matplotlib is not installed"):
        front_png(CHOICES, "x")


def test_axis() -> None:
    scale = axis([3.0, 87.0], 100, 500)
    assert (scale.low, scale.high, scale.ticks) == (0.0, 100.0, (0.0, 20.0, 40.0, 60.0, 80.0, 100.0))
    assert scale.at(0) == 100 and scale.at(100) == 500
    assert axis([0.0], 0, 1).high == 1.0
    assert [round_step(x) for x in (0.13, 1.0, 3.0, 70.0)] == [0.2, 1.0, 5.0, 100.0]
    assert [size_text(n) for n in (12, 2048, 13_728, 3 << 20)] == ["12 B", "2 KB", "13.4 KB", "3 MB"]


def run(*arguments: str) -> None:
    args = parse(["tinyengine_tf", *arguments], cli.COMMANDS)
    args.function(args)


def test_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "net.tflite"
    model.write_bytes(network())
    run("plan", str(model), "--optimize", "ram", "--html", str(tmp_path / "plan.html"))
    assert (tmp_path / "plan.html").read_text().startswith(
        "<!doctype html>"
    ) and "used up to" in capsys.readouterr().out
    run("pareto", str(model), "--plot", str(tmp_path / "front.svg"))
    lines = capsys.readouterr().out.splitlines()
    sizes = [int(re.match(r"\s*([\d,]+)", line)[1].replace(",", "")) for line in lines[2:-1]]  # type: ignore[index]
    assert sizes == sorted(sizes, reverse=True) and len(sizes) > 1
    assert ElementTree.parse(tmp_path / "front.svg")


def test_pareto_points_are_what_budgets_give() -> None:
    model = network()
    points = api.pareto(model)
    assert [p.arena_bytes for p in points] == sorted({p.arena_bytes for p in points}, reverse=True)
    assert [p.instructions for p in points] == sorted({p.instructions for p in points})
    for point in points:
        chosen = api.estimate(model, ram_budget_bytes=point.arena_bytes, exact=True)
        assert chosen.arena_bytes <= point.arena_bytes and chosen.instructions <= point.instructions * 1.0001
