"""A search spread over two Ray nodes is the search of one machine."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nas_keras.api import search_for_mcu
from nas_keras.budget import SearchBudget
from nas_keras.families.mbconv.space import Grid, Space
from nas_keras.remote import connect
from tinyengine_tf import ToolchainError

BUDGET = SearchBudget(
    samples=10,
    supernet_epochs=1,
    networks=1,
    evaluations=6,
    population=3,
    parents=2,
    search_examples=64,
    finetune_epochs=0,
    qat_epochs=0,
    batch=64,
)


@pytest.fixture(scope="module")
def cluster():
    """Two nodes of one CPU each on this machine; its address."""
    ray = pytest.importorskip("ray", reason="ray is not installed: pip install '.[ray]'")
    pytest.importorskip("tf_keras")
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
        nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
        nodes.add_node(num_cpus=1)
        try:
            ray.init(address=nodes.address, log_to_driver=False)
            assert len([n for n in ray.nodes() if n["Alive"]]) == 2
            yield nodes.address
        finally:
            ray.shutdown()
            nodes.shutdown()


def test_two_nodes_find_what_one_machine_finds(cluster: str, stripes, tiny_space: Space, tmp_path: Path) -> None:
    grid = Grid(tiny_space.layout, (0.5, 1.0), ((12, 12),))

    def search(folder: str, ray: str | None):
        options = {"sram": 6000, "flash": 20_000, "budget": BUDGET, "augment": None, "verbose": False, "workers": 1}
        return search_for_mcu(*stripes, "cortex-m4", grid=grid, workdir=tmp_path / folder, ray=ray, **options)

    here, there = search("here", None), search("there", cluster)
    assert there.spaces == here.spaces and there.trials == here.trials and there.tflite == here.tflite


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ToolchainError, match="ray is not installed"):
        connect("auto")
