"""GCC 12 and accesses through null pointers: no layer is compiled away, and the construct that does it is detected."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from tests.compilers.builds import GCC, Network, null_accesses, target_or_skip
from tests.graphs.draw import random_graph
from tests.modelgen import ModelBuilder
from tinyengine_tf.errors import UnsupportedError
from tinyengine_tf.schedule import Goal

CORES = ("cortex-m3", "cortex-m4", "cortex-m55")
LEVELS = ("-O1", "-O2", "-O3", "-Os")


def split(parts: int, shape: tuple[int, ...], axis: int, *, joined: bool) -> bytes:
    """SPLIT of the input, then CONCATENATION in the opposite order if `joined`."""
    b = ModelBuilder()
    x = b.input(shape, scale=0.1, zero_point=0)
    part = tuple(n // parts if i == axis else n for i, n in enumerate(shape))
    outputs = [b.tensor(part, scale=0.1, zero_point=0) for _ in range(parts)]
    b.op("SPLIT", [b.const(np.array(axis, np.int32)), x], outputs, num_splits=parts)
    if joined:
        y = b.tensor(shape, scale=0.1, zero_point=0)
        b.op("CONCATENATION", outputs[::-1], [y], axis=axis, fused_activation_function="NONE")
        outputs = [y]
    b.output(*outputs)
    return b.finish()


MODELS = {
    "split of columns": split(2, (1, 2, 5, 2), 3, joined=True),
    "split into four": split(4, (1, 16, 16, 4), 3, joined=False),
    "large split": split(3, (1, 60, 60, 3), 3, joined=False),
}


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("model", MODELS)
def test_networks_of_strided_copies_run(model: str, core: str, tmp_path: Path) -> None:
    network = Network(MODELS[model], target_or_skip(core), tmp_path)
    assert network.differences(b for b in GCC if b.optimize in ("-O1", "-O2") and "lto" not in b.name) == []


def source_with_the_construct(folder: Path, first_line: str) -> Path:
    """A strided copy within one array, in a function of its own, as networks have them."""
    (folder / "src").mkdir()
    source = folder / "src" / "copy.c"
    source.write_text(
        f"{first_line}\n"
        "static __attribute__((noinline)) void copy(signed char *arena)\n{\n"
        "    for (int k = 0; k < 8; k++)\n        arena[k + 32] = arena[k * 4];\n}\n"
        "int caller(signed char *arena);\n"
        "int caller(signed char *arena)\n{\n    arena[32] = 0;\n    copy(arena);\n    return arena[32];\n}\n"
    )
    return source


def test_the_detector_finds_the_construct(tmp_path: Path) -> None:
    target = target_or_skip("cortex-m4")
    source = source_with_the_construct(tmp_path, "/* unprotected */")
    found = {level: null_accesses(source, target, level) for level in LEVELS}
    if not any(found.values()):
        pytest.skip("this compiler does not make such accesses")
    assert found["-O2"] == ["copy.c: copy"]


def test_the_pragma_of_generated_files_prevents_it(tmp_path: Path) -> None:
    target = target_or_skip("cortex-m4")
    source = source_with_the_construct(tmp_path, '#pragma GCC optimize ("no-delete-null-pointer-checks")')
    assert [null_accesses(source, target, level) for level in LEVELS] == [[]] * len(LEVELS)


def assert_no_null_accesses(network: Network, *levels: str) -> None:
    for level in levels:
        source = network.folder / "c" / "src" / "net.c"
        assert null_accesses(source, network.target, "-std=c99", level) == []


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("model", MODELS)
def test_networks_of_strided_copies_have_none(model: str, core: str, tmp_path: Path) -> None:
    assert_no_null_accesses(Network(MODELS[model], target_or_skip(core), tmp_path), *LEVELS)


def random_network(seed: int, core: str, folder: Path, goal: Goal = Goal()) -> Network | None:
    """None for the few graphs that are refused because of their scales."""
    try:
        return Network(random_graph(random.Random(seed)), target_or_skip(core), folder, goal)
    except UnsupportedError:
        return None


@pytest.mark.parametrize("core", CORES)
def test_random_graphs_have_none(core: str, tmp_path: Path) -> None:
    for seed in range(4):
        if (network := random_network(seed, core, tmp_path / str(seed))) is not None:
            assert_no_null_accesses(network, "-O2")


@pytest.mark.nightly
@pytest.mark.parametrize("core", CORES)
def test_many_random_graphs_have_none(core: str, tmp_path: Path) -> None:
    for seed in range(100):
        if (network := random_network(seed, core, tmp_path / str(seed))) is not None:
            assert_no_null_accesses(network, *LEVELS)
