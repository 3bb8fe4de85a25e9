"""Networks from every compiler and optimisation, on emulated cores, bit for bit against TFLM."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.codegen.models import small_cnn
from tests.compilers.builds import BUILDS, CLANG, GCC, Build, Network, target_or_skip
from tests.graphs.draw import random_graph
from tinyengine_tf.errors import UnsupportedError
from tinyengine_tf.schedule import Goal

CORES = ("cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55", "riscv32")
GOALS = (Goal("latency"), Goal("ram"))
REAL_MODELS = ("mlperf_kws", "mlperf_ad", "mlperf_ic", "mlperf_vww", "person_detect", "mnist_lstm_int8")
SEEDS_NIGHTLY = 25


def graph_differences(seed: int, core: str, folder: Path, builds: tuple[Build, ...]) -> list[str]:
    """Builds of a random graph that are not exact; none for a graph that is refused because of its scales."""
    try:
        network = Network(random_graph(random.Random(seed)), target_or_skip(core), folder, GOALS[seed % 2])
    except UnsupportedError:
        return []
    return network.differences(builds)


def share(builds: tuple[Build, ...], core: str) -> tuple[Build, ...]:
    """A third of the options; seven cores have all of them twice."""
    return builds[CORES.index(core) % 3 :: 3]


@pytest.mark.parametrize("core", CORES)
def test_random_graphs_from_gcc(core: str, tmp_path: Path) -> None:
    assert graph_differences(CORES.index(core), core, tmp_path, share(GCC, core)) == []


@pytest.mark.parametrize("core", CORES)
def test_random_graphs_from_clang(core: str, tmp_path: Path) -> None:
    target_or_skip(core, "clang")
    assert graph_differences(100 + CORES.index(core), core, tmp_path, share(CLANG, core)) == []


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m55"])
def test_small_network(core: str, tmp_path: Path) -> None:
    network = Network(small_cnn(), target_or_skip(core, "clang"), tmp_path)
    assert network.differences([b for b in BUILDS if b.optimize in ("-O0", "-O3")]) == []


@pytest.mark.nightly
@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("seed", range(200, 200 + SEEDS_NIGHTLY))
def test_many_random_graphs(seed: int, core: str, tmp_path: Path) -> None:
    target_or_skip(core, "clang")
    assert graph_differences(seed, core, tmp_path, BUILDS) == []


@pytest.mark.nightly
@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("model", REAL_MODELS)
def test_real_models(model: str, core: str, shared_dir: Path, tmp_path: Path) -> None:
    data = (shared_dir / "models" / f"{model}.tflite").read_bytes()
    assert Network(data, target_or_skip(core, "clang"), tmp_path).differences(BUILDS) == []
