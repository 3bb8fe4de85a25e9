"""Every kernel that a core can use is in its table, and what is predicted for it is about what QEMU counts."""

from __future__ import annotations

from collections import defaultdict

import pytest

import tinyengine_tf.kernels  # noqa: F401  registers them
from tinyengine_tf.calibrate import CORES
from tinyengine_tf.calibrate.__main__ import batches, drawn
from tinyengine_tf.calibrate.draw import draw
from tinyengine_tf.calibrate.layers import Sampler
from tinyengine_tf.calibrate.measure import Work, measure, ways
from tinyengine_tf.cost.table import cost_table
from tinyengine_tf.kernels.base import KERNELS
from tinyengine_tf.ops.base import FLOAT_REGISTRY
from tinyengine_tf.target import load_target

FLOATS = {entry.cls for entry in FLOAT_REGISTRY.values()}
UNMEASURED = {k.name for k in KERNELS.values() if not FLOATS.isdisjoint(k.ops)} | {
    "te_batch_matmul_s16",
    "te_binary_s16",
    "te_rescale",
    "te_sigmoid_s16",
    "te_softmax_s16",
    "te_sum_s16",
    "te_sum_s16_global",
}
"""Kernels that are guessed, and marked so, on every core: no random layers are drawn for them yet."""
TOLERANCE, NIGHTLY_TOLERANCE = 0.25, 0.35
SMALLEST, LARGEST = 400, 60_000
"""Predicted instructions of layers that are compared."""
LAYERS = 3
"""Of each kernel, whose sums are compared."""
SHARE = 4
"""In daily tests, a fourth of the kernels."""


def used(core: str, layers: int) -> set[str]:
    """Kernels that can compute some random layer on a core."""
    processor = load_target(core).processor
    return {work.kernel.name for op in draw(Sampler(5), layers) for work in ways(op, processor)}


@pytest.mark.parametrize("core", CORES)
def test_every_kernel_that_a_core_can_use_is_in_its_table(core: str) -> None:
    missing = used(core, 10) - set(cost_table(core).kernels)
    assert not missing, f"python -m tinyengine_tf.calibrate --missing --core {core} measures {sorted(missing)}"


def test_every_kernel_is_drawn() -> None:
    """A kernel that no random layer uses could never be measured: tinyengine_tf/calibrate/kinds needs another kind."""
    found = set().union(*(used(core, 10) for core in ("host", "cortex-m0plus", "cortex-m3", "cortex-m55")))
    assert found | UNMEASURED == set(KERNELS) and not found & UNMEASURED


def some_of_each_kernel(core: str, seed: int, share: int) -> dict[str, list[Work]]:
    """A few random layers of moderate size of every kernel, or of one in `share`, such as it is preferred for."""
    table, processor = cost_table(core), load_target(core).processor
    ops = draw(Sampler(seed), 12)
    preferred = [next(ways(op, processor)) for op in ops]
    found, usual = defaultdict(list), {work.kernel.name for work in preferred}
    for work in (*preferred, *(w for w in drawn(ops, processor, 12) if w.kernel.name not in usual)):
        name = work.kernel.name
        size = table.kernel(name, work.op).instructions(work.op, 1)
        if SMALLEST < size < LARGEST and len(found[name]) < LAYERS:
            found[name].append(work)
    return {name: found[name] for name in sorted(found)[seed % share :: share]}


def assert_near(core: str, seed: int, share: int, tolerance: float) -> None:
    target, table = load_target(core), cost_table(core)
    some = some_of_each_kernel(core, seed, share)
    predicted, executed = defaultdict(float), defaultdict(int)
    for batch in batches(work for works in some.values() for work in works):
        for m in measure(target, batch):
            predicted[m.kernel] += table.kernel(m.kernel, m.op).instructions(m.op, m.calls)
            executed[m.kernel] += m.instructions
    ratios = {name: round(predicted[name] / executed[name], 2) for name in executed}
    assert len(ratios) > 50 // share
    assert {name: r for name, r in ratios.items() if abs(r - 1) > tolerance} == {}


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m55"])
def test_predictions_of_some_kernels(core: str) -> None:
    assert_near(core, seed=101, share=SHARE, tolerance=TOLERANCE)


@pytest.mark.nightly
@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m55"])
def test_predictions_of_all_kernels(core: str) -> None:
    assert_near(core, seed=102, share=1, tolerance=NIGHTLY_TOLERANCE)
