"""What the compiler says of an architecture without weights is what it says of its exported file."""

from __future__ import annotations

import numpy as np
import pytest

from nas_keras.cost import compiler
from nas_keras.cost.compiler import CompilerCost
from nas_keras.cost.footprint import Footprint, Limits, count_broken
from nas_keras.families.mbconv import analytic
from nas_keras.families.mbconv.analytic import AnalyticCost
from nas_keras.families.mbconv.arch import Arch
from nas_keras.families.mbconv.graph import build_graph
from nas_keras.families.mbconv.space import grid_for
from tinyengine_tf import convert, estimate

CORES = ("cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55", "riscv32")
SHAPES = [(32, 32, 3), (20, 20, 1), (49, 10, 1), (64, 1, 6), (96, 96, 3)]


def samples(shape: tuple[int, int, int], count: int, seed: int = 0) -> list[Arch]:
    rng, grid = np.random.default_rng(seed), grid_for(shape, 10)
    return [grid.layout.space(float(rng.choice(grid.widths[:4])), shape[:2]).sample(rng) for _ in range(count)]


@pytest.mark.parametrize("shape", SHAPES)
def test_graph_is_well_formed_and_counts_as_the_formula(shape: tuple[int, int, int]) -> None:
    for arch in samples(shape, 5):
        graph = build_graph(arch)
        graph.verify()
        assert graph.macs == AnalyticCost().footprint(arch).macs
        assert graph.outputs[0].shape == (1, 10)
        for op in graph.ops:
            assert all(c.holds(op) for c in getattr(type(op), "CONSTRAINTS", ())), op.name


def check_exported(arch: Arch, seed: int, target: str, optimize: str) -> None:
    """Exports `arch` with random weights whose channels differ in scale, as those of trained networks do."""
    tf_keras = pytest.importorskip("tf_keras")
    from nas_keras.data import Coding
    from nas_keras.export.qat import quantize_aware
    from nas_keras.export.tflite import to_tflite
    from nas_keras.families.mbconv.plain import build_model

    tf_keras.utils.set_random_seed(seed)
    images = np.random.default_rng(seed).integers(256, size=(8, *arch.input_shape), dtype=np.uint8)
    coding = Coding.of(images)
    model, rng = build_model(arch), np.random.default_rng(seed)
    for variable in model.trainable_variables:
        if "gamma" in variable.name:
            variable.assign(np.exp(rng.normal(0, 0.5, variable.shape)))
    tflite = to_tflite(quantize_aware(model, coding, [coding.encode(images)]), coding)
    conversion = convert(tflite, target=target, optimize=optimize)
    report = conversion.report
    predicted = CompilerCost(target, optimize).footprint(arch)
    assert predicted.sram_bytes == report["arena_bytes"]
    assert predicted.flash_bytes == pytest.approx(report["weights_bytes"], rel=0.02)
    assert predicted.macs == report["macs"]
    assert predicted.instructions == pytest.approx(conversion.arena.schedule.instructions, rel=0.05)


@pytest.mark.parametrize("index,optimize", [(0, "ram"), (1, "latency")])
def test_prediction_is_what_the_exported_file_needs(index: int, optimize: str) -> None:
    check_exported(samples((20, 20, 1), 2, seed=1)[index], index, "cortex-m4", optimize)


@pytest.mark.nightly
@pytest.mark.parametrize("index", range(50))
def test_prediction_is_what_the_exported_file_needs_on_fifty(index: int) -> None:
    shape = SHAPES[index % len(SHAPES)]
    check_exported(samples(shape, 1, seed=index)[0], index, "cortex-m4", ("ram", "latency")[index % 2])


def test_cost_is_asked_once_per_architecture_and_needs_no_board_to_hold_it() -> None:
    arch = samples((96, 96, 3), 1)[0]
    cost = CompilerCost("stm32f412")
    assert cost.footprint(arch) is cost.footprint(Arch.from_json(arch.to_json()))
    assert cost.footprint(arch) == CompilerCost("cortex-m4").footprint(arch)


def test_limits_name_what_is_broken() -> None:
    limits, need = Limits(sram_bytes=100, instructions=5), Footprint(101, 10**9, None, 1)
    assert limits.broken(need) == ("sram_bytes",)
    assert limits.broken(Footprint(100, 0, 6, 1)) == ("instructions",)
    assert count_broken(limits, [need, need, Footprint(1, 1, 1, 1)]) == {"sram_bytes": 2}


def test_judging_agrees_with_the_footprint_and_plans_only_what_it_must(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits around each network's own needs, on both sides of every one of them."""
    planned: list[bool] = []
    whole = compiler.estimate

    def watched(*arguments, exact: bool, **options):
        planned.append(exact)
        return whole(*arguments, exact=exact, **options)

    monkeypatch.setattr(compiler, "estimate", watched)
    for shape in SHAPES:
        for arch in samples(shape, 4):
            need = CompilerCost("cortex-m4").footprint(arch)
            for sram, flash in ((0, 0), (-1, 0), (0, -1), (0, -need.flash_bytes // 2), (-need.sram_bytes // 2, 0)):
                limits = Limits(sram_bytes=need.sram_bytes + sram, flash_bytes=need.flash_bytes + flash)
                planned.clear()
                judged = CompilerCost("cortex-m4").judge(arch, limits)
                assert bool(limits.broken(judged)) == bool(limits.broken(need)), (arch.describe(), limits)
                assert judged.macs == need.macs and judged.sram_bytes <= need.sram_bytes
                if flash < -1:
                    assert planned == [], "weights alone are too many"
                if (sram, flash) == (0, 0):
                    planned.clear()
                    roomy = CompilerCost("cortex-m4").judge(arch, Limits(1 << 30, 1 << 30))
                    assert planned == [] and roomy.sram_bytes >= need.sram_bytes, "whole tensors fit twice"
                    assert roomy.flash_bytes >= need.flash_bytes and roomy.macs == need.macs
                if sram < -1:
                    assert planned == [False], "a bound is enough"


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("optimize", ["ram", "latency"])
def test_bounds_enclose_what_the_compiler_needs(core: str, optimize: str) -> None:
    """Judging trusts them instead of a plan."""
    for shape in SHAPES:
        for arch in samples(shape, 3, seed=CORES.index(core)):
            need = estimate(build_graph(arch), target=core, optimize=optimize)
            raw, generous = analytic.RAW.footprint(arch), analytic.GENEROUS.footprint(arch)
            assert raw.flash_bytes <= need.weights_bytes <= generous.flash_bytes, arch.describe()
            assert need.arena_bytes <= 2 * generous.sram_bytes, arch.describe()
