"""Predicted instructions are within 5 % of what QEMU counts; fits find what they should."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.schedule.graphs import NetworkBuilder
from tinyengine_tf import api
from tinyengine_tf.calibrate import CORES
from tinyengine_tf.calibrate.draw import draw
from tinyengine_tf.calibrate.fit import Measurement, fit, non_negative_least_squares
from tinyengine_tf.calibrate.layers import Sampler
from tinyengine_tf.calibrate.measure import run_ticked
from tinyengine_tf.cost.division import TWOS, Division
from tinyengine_tf.cost.features import features
from tinyengine_tf.cost.table import cost_table
from tinyengine_tf.ir import Op
from tinyengine_tf.kernels.select import NO_BUDGET, select
from tinyengine_tf.schedule import Goal
from tinyengine_tf.target import load_target, target_names

TOLERANCE = 0.05


def inverted_residuals(seed: int) -> bytes:
    """A small network of the MobileNetV2 kind: stem, bottlenecks with 3x3 to 7x7 windows, residuals, head."""
    network = NetworkBuilder(seed, (32, 40, 3))
    network.conv(16, (3, 3), stride=2)
    for channels, expansion, kernel, stride in (
        (16, 3, 3, 1),
        (24, 4, 5, 2),
        (24, 3, 3, 1),
        (40, 3, 7, 2),
        (40, 4, 3, 1),
    ):
        start, image = network.at, network.image
        network.conv(image[2] * expansion, (1, 1))
        network.conv(1, (kernel, kernel), stride, depthwise=True)
        network.conv(channels, (1, 1))
        if network.image == image:
            network.add(start)
    network.conv(96, (1, 1))
    network.head()
    return network.finish()


def assert_predicted(model: bytes | Path, core: str, goal: Goal | str) -> None:
    goal = Goal(goal) if isinstance(goal, str) else goal
    arena = api.compile_graph(api.load_graph(model), load_target(core), goal, exact=False)
    measured = sum(run_ticked(arena).values())
    assert abs(arena.schedule.instructions / measured - 1) < TOLERANCE, (
        f"{arena.schedule.instructions:,} predicted, {measured:,} measured"
    )


@pytest.mark.parametrize("optimize", ["latency", "ram"])
@pytest.mark.parametrize("core", ["cortex-m4", "riscv32"])
def test_networks(core: str, optimize: str) -> None:
    assert_predicted(inverted_residuals(1), core, optimize)


@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m3", "cortex-m7", "cortex-m33", "cortex-m55"])
def test_networks_on_other_cores(core: str) -> None:
    assert_predicted(inverted_residuals(2), core, "latency")


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m33"])
def test_winograd(core: str) -> None:
    """Kernels that a flash budget buys are predicted, too."""
    network = NetworkBuilder(4, (16, 18, 3))
    for channels, stride in ((16, 1), (16, 1), (32, 2), (32, 1)):
        network.conv(channels, (3, 3), stride)
    network.head()
    goal = Goal(flash_budget_bytes=1 << 20)
    assert_predicted(network.finish(), core, goal)
    chosen = api.estimate(network.finish(), target=core, flash_budget_bytes=1 << 20).arena.schedule.layers
    assert sum(layer.kernel.spends_flash for layer in chosen) == 2


@pytest.mark.parametrize(
    ("model", "core", "optimize"),
    [
        ("mlperf_ad", "cortex-m4", "latency"),
        ("mlperf_kws", "cortex-m4", "latency"),
        ("mlperf_kws", "cortex-m4", "ram"),
        ("mlperf_kws", "cortex-m55", "latency"),
        ("mlperf_kws", "cortex-m55", "ram"),
        ("mlperf_ic", "cortex-m4", "latency"),
        ("mlperf_ic", "cortex-m4", "ram"),
        ("mlperf_ic", "cortex-m55", "latency"),
        ("mlperf_vww", "cortex-m4", "latency"),
        ("mlperf_vww", "cortex-m4", "ram"),
        ("person_detect", "cortex-m4", "latency"),
        ("mcunet_vww", "cortex-m4", "latency"),
        ("mcunet_vww", "cortex-m4", "ram"),
    ],
)
def test_real_models(shared_dir: Path, model: str, core: str, optimize: str) -> None:
    assert_predicted(shared_dir / "models" / f"{model}.tflite", core, optimize)


@pytest.mark.parametrize("core", CORES)
def test_tables(core: str) -> None:
    """Every kernel that runs usual layers was measured, and every coefficient is of a feature that layers have."""
    table, processor = cost_table(core), load_target(core).processor
    ops = draw(Sampler(3), 40)
    assert {select(op, processor, frugal).kernel.name for op in ops for frugal in (NO_BUDGET, None)} <= set(
        table.kernels
    )
    for name, fitted in table.kernels.items():
        known = {feature for op in ops for feature in features(op, 2, fitted.division)}
        assert set(fitted.coefficients) <= known, name
        assert all(weight > 0 for weight in fitted.coefficients.values())


@pytest.mark.parametrize("name", [name for name in target_names() if name != "host"])
def test_every_board_has_a_table(name: str) -> None:
    core = load_target(name).core
    assert (core in CORES) == cost_table(core).is_measured and (core in CORES or core.startswith("xtensa"))


def test_fit_finds_how_a_kernel_divides_its_work() -> None:
    """Blocks of two pixels and four filters, 40 instructions for each group of inputs of a block."""
    sampler = Sampler(1)
    makers = [make for _, make in sampler.kinds()]
    ops = [makers[0]() for _ in range(80)]

    def cost(op: Op) -> int:
        have = features(op, 1, Division(2, 4, 16))
        weights = {
            "b": 30.0,
            "bf": 20.0,
            "bfg": 40.0,
            "bfi": 35.0,
            "s": 25.0,
            "sf": 18.0,
            "sfg": 30.0,
            "br": 15.0,
            "sr": 9.0,
            "out": 5.0,
        }
        return round(sum(w * have.get(n, 0.0) for n, w in weights.items()) + 50)

    found = fit([Measurement("k", op, 1, cost(op)) for op in ops])
    fresh = [makers[0]() for _ in range(40)]
    errors = [abs(found.instructions(op, 1) / cost(op) - 1) for op in fresh]
    assert np.mean(errors) < 0.01


def test_blocks_of_pixels() -> None:
    assert Division(3).blocks(11) == (3, 0, 2)
    assert [Division(TWOS).blocks(n) for n in (1, 2, 3, 4, 5, 7)] == [
        (0, 0, 1),
        (0, 1, 0),
        (1, 0, 0),
        (0, 2, 0),
        (1, 1, 0),
        (1, 2, 0),
    ]


def test_non_negative_least_squares() -> None:
    a = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    assert non_negative_least_squares(a, a @ [2.0, 3.0]) == pytest.approx([2.0, 3.0], rel=1e-6)
    assert non_negative_least_squares(a, a @ [2.0, -3.0])[1] == 0.0


def test_a_core_without_table_has_predictions() -> None:
    assert cost_table("host").kernels == {}
    assert api.estimate(inverted_residuals(3), target="host").instructions > 10_000
