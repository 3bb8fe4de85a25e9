"""Orders of layers: exact against all topological orders, never worse than the file's, and bit-exact."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import assert_exact
from tests.schedule.graphs import NetworkBuilder
from tinyengine_tf import api, passes
from tinyengine_tf.schedule import Goal, reorder
from tinyengine_tf.schedule.kernels import choose_kernels
from tinyengine_tf.schedule.layer import Layer
from tinyengine_tf.target import load_target

HOST = load_target("host")


def tangled(seed: int, branches: int = 3) -> bytes:
    """Branches of one tensor, widened and narrowed again, written breadth first as exporters may; then added up."""
    b = NetworkBuilder(seed, (6, 6, 4))
    ends = [(b.at, b.image)] * branches
    for _ in range(b.pick(1, 4)):
        for k, (at, image) in enumerate(ends):
            b.at, b.image = at, image
            b.conv(b.pick(1, 20), (1, b.pick(1, 4)))
            ends[k] = b.at, b.image
    for k, (at, image) in enumerate(ends):
        b.at, b.image = at, image
        b.conv(3, (1, 1))
        ends[k] = b.at, b.image
    b.at, b.image = ends[0]
    for at, _ in ends[1:]:
        b.add(at)
    b.conv(2, (3, 3))
    return b.finish()


def whole_tensor_peak(layers: Sequence[Layer], outputs: Sequence[object]) -> int:
    """The largest sum of tensors alive while a layer runs, by the definition."""
    peak = 0
    for index, layer in enumerate(layers):
        made = {t for before in layers[: index + 1] for t in before.op.outputs}
        read_later = {t for after in layers[index:] for t in after.op.data_inputs}
        given = {t for each in layers for t in each.op.data_inputs} - {t for each in layers for t in each.op.outputs}
        now = {*layer.op.data_inputs, *layer.op.outputs}
        peak = max(peak, sum(t.nbytes for t in (made | given) & (read_later | set(outputs)) | now))
    return peak


def topological_orders(layers: Sequence[Layer]) -> Iterator[tuple[Layer, ...]]:
    makers = {t: layer for layer in layers for t in layer.op.outputs}

    def extend(done: tuple[Layer, ...]) -> Iterator[tuple[Layer, ...]]:
        if len(done) == len(layers):
            yield done
        for layer in layers:
            if layer not in done and all(makers.get(t) in (None, *done) for t in layer.op.data_inputs):
                yield from extend((*done, layer))

    return extend(())


def layers_of(model: bytes) -> tuple[object, tuple[Layer, ...], dict]:
    graph = passes.run(api.load_graph(model), io="model")
    return graph, *choose_kernels(graph, HOST)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 3))
def test_exact_among_all_orders(seed: int, branches: int) -> None:
    graph, layers, storage = layers_of(tangled(seed, branches))
    if len(layers) > 9:
        return
    best = min(whole_tensor_peak(order, graph.outputs) for order in topological_orders(layers))
    found = reorder.reordered(graph, layers, storage) or layers
    assert whole_tensor_peak(found, graph.outputs) == best
    assert [layer.index for layer in found] == list(range(len(layers)))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([Goal("latency"), Goal("ram"), Goal("ram", feed="rows")]))
def test_results_are_exact_and_never_larger(seed: int, goal: Goal) -> None:
    model = tangled(seed)
    host = assert_exact(model, None, goal, count=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["tinyengine_tf.schedule.build"], "reordered", lambda *a: None)
        plain = api.compile_graph(api.load_graph(model), HOST, goal)
    if goal.optimize == "ram":
        assert host.arena.arena_bytes <= plain.arena_bytes
    else:
        assert host.arena.schedule.instructions <= plain.schedule.instructions


def test_it_pays() -> None:
    """Two wide tensors need not be alive together."""
    b = NetworkBuilder(1, (8, 8, 2))
    start, ends = (b.at, b.image), []
    for _ in range(2):
        b.at, b.image = start
        b.conv(40, (1, 1))
        ends.append((b.at, b.image))
    for k in range(2):
        b.at, b.image = ends[k]
        b.conv(2, (3, 3))
        ends[k] = b.at, b.image
    b.at, b.image = ends[0]
    b.add(ends[1][0])
    graph, layers, storage = layers_of(b.finish())
    found = reorder.reordered(graph, layers, storage)
    assert found is not None
    assert whole_tensor_peak(found, graph.outputs) < 0.6 * whole_tensor_peak(layers, graph.outputs)


def test_too_many_states_are_taken_greedily(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, layers, storage = layers_of(tangled(5))
    monkeypatch.setattr(reorder, "MOST_STATES", 3)
    found = reorder.reordered(graph, layers, storage) or layers
    assert {layer.op for layer in found} == {layer.op for layer in layers}
    assert whole_tensor_peak(found, graph.outputs) <= whole_tensor_peak(layers, graph.outputs)


def test_chains_keep_their_order() -> None:
    b = NetworkBuilder(2, (9, 9, 3))
    for _ in range(5):
        b.inverted_residual()
    assert reorder.reordered(*layers_of(b.finish())) is None
