"""Random branching graphs in numpy: the operators compute what TFLM does, and no pass changes it. Needs no compiler."""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.exact import assert_computed, assert_same, random_samples
from tests.graphs.draw import random_graph
from tests.graphs.test_random_graphs import other_side
from tinyengine_tf import api, interpret, passes
from tinyengine_tf.errors import InternalError, UnsupportedError
from tinyengine_tf.ir import Graph
from tinyengine_tf.lab import reference
from tinyengine_tf.ops import lookup
from tinyengine_tf.ops.reduce import Sum
from tinyengine_tf.ops.strided_copy import StridedCopy
from tinyengine_tf.ops.window import Window

GRAPHS = st.randoms(use_true_random=False)
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much, HealthCheck.large_base_example)


def imported(rng: random.Random) -> tuple[bytes, Graph] | None:
    """A random graph, None where it is refused."""
    data = random_graph(rng)
    try:
        return data, api.load_graph(data)
    except UnsupportedError:
        return None


def check_operators(rng: random.Random) -> None:
    if (found := imported(rng)) is not None:
        data, graph = found
        samples = random_samples(graph, 1)
        assert_computed(graph, samples, reference.run(data, samples))


def check_passes(rng: random.Random) -> None:
    if (found := imported(rng)) is not None:
        before = graph = found[1]
        samples = random_samples(graph, 1)
        expected = interpret.run(graph, samples)

        def observe(name: str, after: Graph) -> None:
            nonlocal before
            if after is not before:
                assert_same(f"after {name}", interpret.run(after, samples), expected)
            before = after

        passes.run(graph, observe=observe)


@settings(max_examples=60, suppress_health_check=SLOW)
@given(GRAPHS)
def test_operators_compute_what_tflm_does(rng: random.Random) -> None:
    check_operators(rng)


@settings(max_examples=60, suppress_health_check=SLOW)
@given(GRAPHS)
def test_no_pass_changes_what_a_graph_computes(rng: random.Random) -> None:
    check_passes(rng)


def module(name: str) -> Any:
    """A pass's module, which its function of the same name hides in the package."""
    return importlib.import_module(f"tinyengine_tf.passes.{name}")


MISTAKES: dict[str, tuple[Any, str, Callable[[Any], Any]]] = {
    "padding is not the zero point": (
        Window,
        "patches",
        lambda real: lambda w, x, out, fill: real(w, x, out, fill + 1),
    ),
    "sums forget the zero point": (Sum, "compute", lambda real: lambda op, v: real(op, (v[0] + op.input.zero_point,))),
    "values are signed": (lookup, "all_values", lambda real: lambda dtype: real(dtype) + 1),
    "a pass forgets a clamp": (module("fuse_activation"), "clamp_after", lambda real: lambda first, second: first),
    "a pass pads the other side": (module("fold_pad"), "wider", other_side),
    "a pass drops a table": (module("merge_lookups"), "compose", lambda real: lambda first, second: first),
    "a pass takes slices for copies": (StridedCopy, "copies_input", lambda real: property(lambda op: True)),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_planted_mistakes_are_found(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, plant = MISTAKES[mistake]
    monkeypatch.setattr(owner, name, plant(getattr(owner, name)))
    check = check_passes if mistake.startswith("a pass") else check_operators
    with pytest.raises((AssertionError, InternalError)):
        for seed in range(400):
            check(random.Random(seed))


@pytest.mark.nightly
@settings(max_examples=3000, suppress_health_check=SLOW)
@given(GRAPHS)
def test_many(rng: random.Random) -> None:
    check_operators(rng)
    check_passes(rng)
