"""LSTM and SVDF against TFLM, bit for bit, over inferences that remember each other."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.exact import HostModel, assert_exact, random_samples
from tests.modelgen import ModelBuilder
from tests.ops.recurrent import LSTMS, SVDFS, LstmCase, SvdfCase, model
from tinyengine_tf import api
from tinyengine_tf.codegen.bundle import environment
from tinyengine_tf.errors import UnsupportedError
from tinyengine_tf.lab import reference
from tinyengine_tf.ops.fixedpoint import Multiplier, requantize
from tinyengine_tf.ops.lstm import interpolated_sigmoid, interpolated_tanh, sigmoid_table
from tinyengine_tf.schedule import Goal

CORES = ("cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55", "riscv32")


@pytest.mark.parametrize("case", (*LSTMS, *SVDFS), ids=str)
def test_sequences_equal_tflm(case: LstmCase | SvdfCase) -> None:
    assert_exact(model(case), count=6)


@pytest.mark.parametrize(
    "scales",
    [
        (2.0**-5, 2.0**-5, 0.2, 2.0**-7, 0.2),
        (0.2, 3.125 / 8, 16.0, 2.0**-7, 16.0),
        (0.02, 0.03, 2.0**-3, 2.0**-7, 0.2),
        (0.02, 0.03, 0.2, 3.125 / 128, 4.0),
    ],
)
def test_scales_whose_float_product_or_quotient_is_rounded_onto_a_tie(scales: tuple[float, ...]) -> None:
    """Five eighths in float32, a little more or less in double."""
    assert_exact(model(SvdfCase(features=17, units=250, steps=3, memory="INT8", scales=scales)), count=60)


@pytest.mark.parametrize("core", CORES)
def test_on_cores(core: str) -> None:
    result = api.verify(model(*LSTMS, *SVDFS, seed=1), target=core, count=3, layers=True)
    assert result.exact, result.difference


def test_initial_state_is_the_zero_point() -> None:
    graph = api.load_graph(model(LSTMS[5], SVDFS[5]))
    assert [int(s.initial.reshape(-1)[0]) for s in graph.states] == [-30, 0, -4]


def test_states_are_replaced_where_they_lie_and_forgotten_on_reset() -> None:
    data = model(LSTMS[0], SVDFS[2])
    host = HostModel(data, Goal(optimize="ram"))
    storage = [host.arena.schedule.owner(s.after)[0] is s.before for s in host.graph.states]
    assert storage == [True, True, True]
    samples = random_samples(host.graph, 3)
    expected = reference.run(data, samples)
    for _ in range(2):
        got = [host.run(sample) for sample in samples]
        assert all(
            g.tobytes() == np.asarray(e).tobytes()
            for outputs, wanted in zip(got, expected, strict=True)
            for g, e in zip(outputs, wanted, strict=True)
        )
        assert host._lib.net_init(None, ctypes.c_size_t(0)) == 0


TABLE_CALLS = """
#include <stdint.h>
{functions}
void all(const int16_t *x, int16_t *y, const uint16_t *table)
{{
    for (int i = 0; i < 65536; i++)
        y[i] = (int16_t)te_{name}_16({argument}, table);
}}
"""


@pytest.mark.parametrize(
    ("opcode", "name", "argument", "meant"),
    [("LOGISTIC", "sigmoid", "3 * x[i]", interpolated_sigmoid), ("TANH", "tanh", "3 * x[i]", interpolated_tanh)],
)
def test_gates_by_table_equal_tflm_for_all_arguments(
    opcode: str, name: str, argument: str, meant: Callable[[np.ndarray], np.ndarray], tmp_path: Path
) -> None:
    """TFLM's operators on int16 compute what its LSTM does."""
    b = ModelBuilder()
    x = b.input((1, 65536), "INT16", scale=2.0**-12)
    y = b.tensor((1, 65536), "INT16", scale=2.0**-15)
    b.op(opcode, [x], [y])
    b.output(y)
    values = np.arange(-32768, 32768).astype(np.int16)
    expected = np.asarray(reference.run(b.finish(), [[values.reshape(1, -1)]])[0][0]).reshape(-1)
    assert (meant(3 * values.astype(np.int64)) == expected).all()
    functions = environment().get_template("c/sigmoid_16.c.j2").render()
    (tmp_path / "all.c").write_text(TABLE_CALLS.format(functions=functions, name=name, argument=argument))
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", tmp_path / "all.c", "-o", tmp_path / "all.so"], check=True)
    got, table = np.zeros(65536, np.int16), sigmoid_table().astype(np.uint16)
    ctypes.CDLL(str(tmp_path / "all.so")).all(*(a.ctypes.data_as(ctypes.c_void_p) for a in (values, got, table)))
    assert (got == expected).all()


@pytest.mark.parametrize("shift", [-1, -2, -3, -14, -23, -30])
def test_short_requantisation_is_the_long_one(shift: int) -> None:
    """The model of requantize_small.c.j2, at halves, ends and noise."""
    rng = np.random.default_rng(-shift)
    for mantissa in (1 << 30, (1 << 31) - 1, 1518500250):
        half = (np.arange(-40, 41) * 2 + 1) << (-shift - 1)
        near = np.clip((half << 31) // mantissa, -(2**30) + 9, 2**30 - 9)
        x = np.concatenate([*(near + d for d in range(-3, 4)), rng.integers(-(2**30), 2**30, 5000)])
        high = (x * mantissa + (1 << 30)) >> 31
        short = (((high + (high >> 63)) >> (-shift - 1)) + 1) >> 1
        assert (short == requantize(x, Multiplier(mantissa, shift))).all()


@pytest.mark.parametrize(
    ("case", "changes", "sentence"),
    [
        (LSTMS[0], {"fused_activation_function": "RELU"}, "the activation is TANH"),
        (replace(LSTMS[0], cell_scale=0.001), {}, "the cell's scale is a power of two"),
        (replace(LSTMS[0], cell_scale=8.0), {}, "the cell's scale is a power of two, at most 4"),
        (SVDFS[2], {"rank": 3}, "multiple of the rank"),
    ],
)
def test_what_is_refused(case: LstmCase | SvdfCase, changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(UnsupportedError, match=sentence):
        api.load_graph(model(case, **changes))


def test_variable_tensor_without_an_owner_is_refused() -> None:
    b = ModelBuilder()
    x = b.input((1, 4), scale=0.1)
    kept = b.tensor((1, 4), scale=0.1, is_variable=True)
    y = b.tensor((1, 4), scale=0.1)
    b.op("ADD", [x, kept], [y], fused_activation_function="NONE")
    b.output(y)
    with pytest.raises(UnsupportedError, match="is a variable tensor: accepted only if one operator reads it"):
        api.load_graph(b.finish())
