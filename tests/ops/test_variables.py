"""Networks that remember: resource variables against TFLM over sequences of inferences, bit for bit."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from tests.exact import HostModel, assert_exact, random_samples
from tests.ops.remembering import MODELS, broken
from tinyengine_tf import api
from tinyengine_tf.errors import UnsupportedError, UsageError
from tinyengine_tf.lab import reference
from tinyengine_tf.schedule import Goal


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("optimize", ["latency", "ram"])
def test_sequences_equal_tflm(name: str, optimize: str) -> None:
    assert_exact(MODELS[name], goal=Goal(optimize=optimize), count=8)


def test_init_and_reset_forget() -> None:
    model = MODELS["initialised"]
    host = HostModel(model)
    samples = random_samples(host.graph, 4)
    expected = reference.run(model, samples)
    for forget in (lambda: host._lib.net_reset(), lambda: host._lib.net_init(None, ctypes.c_size_t(0)), lambda: 0):
        got = [host.run(sample)[0] for sample in samples]
        assert all(g.tobytes() == np.asarray(e[0]).tobytes() for g, e in zip(got, expected, strict=True))
        assert forget() == 0


def test_what_is_remembered_is_in_the_report_and_lasts() -> None:
    graph = api.load_graph(MODELS["streaming"])
    assert [(s.before.name, s.before.nbytes) for s in graph.states] == [("first/kept", 80), ("second/kept", 64)]
    assert all((s.initial == -7).all() for s in graph.states)
    host = HostModel(MODELS["streaming"])
    names = {b.name: b for b in host.arena.live.problem.buffers}
    steps = len(host.arena.schedule.steps)
    assert [(names[n].start, names[n].end) for n in ("state0", "state1")] == [(0, steps)] * 2


def test_variables_that_are_only_read_are_constants() -> None:
    graph = api.load_graph(MODELS["accumulator"])
    assert [s.before.name for s in graph.states] == ["sum/kept"]


def test_rows_cannot_be_fed() -> None:
    with pytest.raises(UsageError, match="remembers"):
        HostModel(MODELS["streaming"], Goal(feed="rows"))


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("late", "CALL_ONCE.*stands before the variables' first use"),
        ("size", "READ_VARIABLE.*initialised with its own element type and number of elements"),
        ("type", "ASSIGN_VARIABLE.*keeps one element type and number of elements"),
        ("unassigned", "READ_VARIABLE.*a variable is assigned somewhere"),
        ("missing", "CALL_ONCE.*calls another subgraph of the file"),
        ("no handle", "READ_VARIABLE.*its first input is the output of a VAR_HANDLE"),
    ],
)
def test_broken_models_are_refused_with_a_sentence(kind: str, sentence: str) -> None:
    with pytest.raises(UnsupportedError, match=sentence):
        api.load_graph(broken(kind))
